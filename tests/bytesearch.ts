import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is looked for in files: by a name, the bytes of any of which would betray it. */
export type Needles = ReadonlyMap<string, readonly Buffer[]>;

const windowBytes = 24;

/** Pieces of bytes: of every part of them one is found even where only a page of a database is left. */
export function piecesOf(bytes: Uint8Array, everyBytes = 512): Buffer[] {
	const pieces: Buffer[] = [];
	for (let at = 0; at + windowBytes <= bytes.length; at += everyBytes)
		pieces.push(Buffer.from(bytes.subarray(at, at + windowBytes)));
	return pieces;
}

/** The same of base64url text, as it stands in a row, and of the bytes that it says. */
export const piecesOfText = (text: string): Buffer[] => [
	...piecesOf(Buffer.from(text), 64),
	...piecesOf(Buffer.from(text, 'base64url'), 64),
];

/** Every file of a folder that holds any of it: "needle in file". */
export async function findBytes(folder: string, needles: Needles): Promise<string[]> {
	const found: string[] = [];
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		const path = join(entry.parentPath, entry.name);
		const bytes = await readFile(path);
		for (const [name, pieces] of needles)
			if (pieces.some((piece) => bytes.includes(piece)))
				found.push(`${name} in ${path.slice(folder.length + 1)}`);
	}
	return found;
}
