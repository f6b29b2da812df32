import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import * as v from 'valibot';
import { systemCode } from '../errors.ts';
import { Bytes32, Count, Id } from '../protocol/text.ts';
import { newId, sha256 } from '../random.ts';
import { lockName } from '../store/database.ts';
import { syncFolder, unfinished, writeDurably } from '../store/files.ts';
import { BackupError } from './errors.ts';
import { addMade, Description, descriptionName } from './made.ts';

/** The database's own files: a copy of them while the server writes would be of no moment. */
export const databaseName = 'sotto.db';
const notCopied = new Set(
	['', '-wal', '-shm', '-journal'].flatMap((end) => [databaseName + end, lockName + end]),
);
/** Recordings end and are deleted while a backup is made: so often it begins again. */
const roundsMax = 10;

const Chunk = v.object({
	recording: Id,
	track: Id,
	part: Count,
	chunk: Count,
	bytes: Count,
	sha256: Bytes32,
});
export type Chunk = v.InferOutput<typeof Chunk>;

/** Where a chunk lies, in a data directory and in a backup. */
export const pathOf = ({ recording, track, part, chunk }: Chunk): string =>
	join('objects', recording, track, `${part}`, `${chunk}`);

/** The names in a folder; none when there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw error;
	}
}

/** The backup that a folder holds; undefined for an empty or no folder. Throws `BackupError` for anything else. */
async function described(folder: string): Promise<Description | undefined> {
	const names = await namesIn(folder);
	if (names.length === 0) return undefined;
	if (!names.includes(descriptionName))
		throw new BackupError(`${folder} is not empty and no backup: name another folder.`);
	return readDescription(folder);
}

/** What a backup says of itself. Throws `BackupError` when there is none. */
export async function readDescription(folder: string): Promise<Description> {
	try {
		const text = await readFile(join(folder, descriptionName), 'utf8');
		return v.parse(Description, JSON.parse(text));
	} catch (cause) {
		throw new BackupError(`${folder} holds no backup that was finished.`, { cause });
	}
}

/** SHA-256 of a file, base64url. */
export async function hashOf(path: string): Promise<string> {
	const hash = createHash('sha256');
	for await (const bytes of createReadStream(path)) hash.update(bytes);
	return hash.digest('base64url');
}

/**
 * One moment of the database while the server goes on, without a trace of what was erased: SQLite copies rows, not
 * pages. Replaces what stood there.
 */
async function snapshot(dataDir: string, folder: string): Promise<void> {
	const target = join(folder, databaseName);
	const temporary = `${target}${unfinished}`;
	await rm(temporary, { force: true });
	const database = new Database(join(dataDir, databaseName), { readonly: true, timeout: 10_000 });
	try {
		database.prepare('vacuum into ?').run(temporary);
	} finally {
		database.close();
	}
	await chmod(temporary, 0o600);
	await rename(temporary, target);
	await syncFolder(folder);
}

/** Every chunk that the database of a backup knows. */
export function chunksIn(folder: string): Chunk[] {
	const database = new Database(join(folder, databaseName), { readonly: true });
	try {
		const rows = database.prepare(
			'select recording, track, part, chunk, bytes, sha256 from chunks',
		);
		return v.parse(v.array(Chunk), rows.all());
	} finally {
		database.close();
	}
}

/** The bytes of a chunk, whole as they were stored; undefined when the file is not there. Throws `BackupError`. */
export async function chunkBytes(
	folder: string,
	chunk: { path: string; sha256: string },
): Promise<Buffer | undefined> {
	try {
		const bytes = await readFile(join(folder, chunk.path));
		if (sha256(bytes).toString('base64url') === chunk.sha256) return bytes;
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
	throw new BackupError(`${chunk.path} in ${folder} is damaged.`);
}

async function sizeOf(path: string): Promise<number | undefined> {
	try {
		return (await stat(path)).size;
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}

/** Copies what the backup does not have yet. False when something was missing: it was removed since the snapshot. */
async function copyChunks(dataDir: string, folder: string, chunks: Chunk[]): Promise<boolean> {
	for (const chunk of chunks) {
		const path = pathOf(chunk);
		// A stored chunk never changes.
		if ((await sizeOf(join(folder, path))) === chunk.bytes) continue;
		const bytes = await chunkBytes(dataDir, { path, sha256: chunk.sha256 });
		if (!bytes) return false;
		await mkdir(join(folder, path, '..'), { recursive: true, mode: 0o700 });
		await writeDurably(join(folder, path), bytes);
	}
	return true;
}

/** Removes files that the snapshot does not know: what was deleted since the backup was made last goes from it too. */
async function removeOthers(folder: string, chunks: Chunk[]): Promise<void> {
	const known = new Set(chunks.map(pathOf));
	const recordings = new Set(chunks.map(({ recording }) => recording));
	for (const recording of await namesIn(join(folder, 'objects'))) {
		const home = join('objects', recording);
		const has = recordings.has(recording);
		if (!has) await rm(join(folder, home), { recursive: true, force: true });
		for (const file of has ? await readdir(join(folder, home), { recursive: true }) : [])
			if (/^\d+$/.test(file.split(/[/\\]/)[2] ?? '') && !known.has(join(home, file)))
				await rm(join(folder, home, file));
	}
}

/** Keys, tombstones and whatever else stands beside the database. */
async function copyFiles(dataDir: string, folder: string): Promise<void> {
	for (const entry of await readdir(dataDir, { withFileTypes: true })) {
		if (!entry.isFile() || notCopied.has(entry.name) || entry.name.endsWith(unfinished)) continue;
		await writeDurably(join(folder, entry.name), await readFile(join(dataDir, entry.name)));
	}
}

/**
 * Copies a data directory into a folder that is empty, or that holds an earlier backup of it, which is brought up to
 * date: what was deleted since goes from it. The server may run meanwhile. Every recording is compared with its hash.
 * Throws `BackupError`.
 */
export async function makeBackup(options: {
	dataDir: string;
	folder: string;
	now: number;
}): Promise<Description> {
	const { dataDir, folder, now: at } = options;
	if ((await sizeOf(join(dataDir, databaseName))) === undefined)
		throw new BackupError(`There is nothing to back up in ${dataDir}: set DATA_DIR.`);
	const before = await described(folder);
	await mkdir(folder, { recursive: true, mode: 0o700 });
	let chunks: Chunk[] | undefined;
	for (let round = 0; !chunks; round += 1) {
		if (round === roundsMax) throw new BackupError('Recordings went faster than they were copied.');
		await snapshot(dataDir, folder);
		const found = chunksIn(folder);
		if (await copyChunks(dataDir, folder, found)) chunks = found;
	}
	await removeOthers(folder, chunks);
	await copyFiles(dataDir, folder);
	const description: Description = {
		format: 1,
		id: before?.id ?? newId(),
		at,
		database: await hashOf(join(folder, databaseName)),
		recordings: new Set(chunks.map(({ recording }) => recording)).size,
		chunks: chunks.length,
		bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
	};
	await writeDurably(join(folder, descriptionName), Buffer.from(JSON.stringify(description)));
	await addMade(dataDir, { backup: description.id, at });
	return description;
}
