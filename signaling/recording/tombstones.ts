import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemCode } from '../errors.ts';
import { Id, Time } from '../protocol/text.ts';
import { syncFolder } from '../store/files.ts';

const Tombstone = v.object({ recording: Id, at: Time });
export type Tombstone = v.InferOutput<typeof Tombstone>;

/** One line of the file; a line that a crash cut short is none. */
function parseLine(line: string): Tombstone[] {
	try {
		const parsed = v.safeParse(Tombstone, JSON.parse(line));
		return parsed.success ? [parsed.output] : [];
	} catch (error) {
		if (error instanceof SyntaxError) return [];
		throw error;
	}
}

/** The name of the file in the data directory. */
export const tombstonesName = 'tombstones.log';

/** What a file of tombstones says. Throws what the file system says. */
export async function readTombstones(path: string): Promise<Tombstone[]> {
	return (await readFile(path, 'utf8')).split('\n').flatMap(parseLine);
}

/**
 * What was deleted, kept outside the database as well: a database that comes back from a backup does not
 * know what was deleted since, this file does.
 */
export class Tombstones {
	readonly #dataDir: string;

	constructor(dataDir: string) {
		this.#dataDir = dataDir;
	}

	get #path(): string {
		return join(this.#dataDir, tombstonesName);
	}

	async read(): Promise<Tombstone[]> {
		try {
			return await readTombstones(this.#path);
		} catch (error) {
			if (systemCode(error) === 'ENOENT') return [];
			throw error;
		}
	}

	/** Adds a line; it is on disk when this resolves. */
	async add(tombstone: Tombstone): Promise<void> {
		const file = await open(this.#path, 'a', 0o600);
		try {
			// The line break in front ends a line that a crash cut short.
			await file.write(`\n${JSON.stringify(tombstone)}\n`);
			await file.sync();
		} finally {
			await file.close();
		}
		await syncFolder(this.#dataDir);
	}
}
