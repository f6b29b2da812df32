import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemCode } from '../errors.ts';
import { AnnotationKind } from '../protocol/annotations.ts';
import { Id, Time } from '../protocol/text.ts';
import { syncFolder } from '../store/files.ts';

const Tombstone = v.object({ recording: Id, at: Time });
export type Tombstone = v.InferOutput<typeof Tombstone>;

/**
 * What else of a recording must not come back from a backup of before. None of these names a `recording`: a server that does not
 * know them would take the line for a deletion of all of it.
 */
const Undone = v.variant('what', [
	/** A track that was destroyed, with these words beside the recording. */
	v.object({
		what: v.literal('track'),
		of: Id,
		track: Id,
		at: Time,
		words: v.array(AnnotationKind),
	}),
	/** Whoever could open it cannot any more. */
	v.object({ what: v.literal('access'), of: Id, recipient: Id, at: Time }),
	/** It was sealed anew. */
	v.object({ what: v.literal('relock'), of: Id, at: Time }),
]);
export type Undone = v.InferOutput<typeof Undone>;

/** What a file of tombstones says. */
export interface TombstoneLines {
	readonly deleted: readonly Tombstone[];
	readonly undone: readonly Undone[];
}

/** One line of the file; a line that a crash cut short is none. */
function parseLine<T>(schema: v.GenericSchema<unknown, T>, line: string): T[] {
	try {
		const parsed = v.safeParse(schema, JSON.parse(line));
		return parsed.success ? [parsed.output] : [];
	} catch (error) {
		if (error instanceof SyntaxError) return [];
		throw error;
	}
}

/** The name of the file in the data directory. */
export const tombstonesName = 'tombstones.log';

/** What a file of tombstones says. Throws what the file system says. */
export async function readTombstones(path: string): Promise<TombstoneLines> {
	const lines = (await readFile(path, 'utf8')).split('\n');
	return {
		deleted: lines.flatMap((line) => parseLine(Tombstone, line)),
		undone: lines.flatMap((line) => parseLine(Undone, line)),
	};
}

/**
 * What was deleted, destroyed and taken away, kept outside the database as well: a database that comes back from a backup does not
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

	/** Recordings that were deleted. */
	async read(): Promise<readonly Tombstone[]> {
		return (await this.lines()).deleted;
	}

	/** What was destroyed or taken away of recordings that may be there. */
	async readUndone(): Promise<readonly Undone[]> {
		return (await this.lines()).undone;
	}

	async lines(): Promise<TombstoneLines> {
		try {
			return await readTombstones(this.#path);
		} catch (error) {
			if (systemCode(error) === 'ENOENT') return { deleted: [], undone: [] };
			throw error;
		}
	}

	/** Adds a line; it is on disk when this resolves. */
	async add(tombstone: Tombstone | Undone): Promise<void> {
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
