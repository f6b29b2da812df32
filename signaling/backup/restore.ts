import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readConfig } from '../config.ts';
import { systemCode } from '../errors.ts';
import {
	readTombstones,
	type TombstoneLines,
	Tombstones,
	tombstonesName,
} from '../recording/tombstones.ts';
import { type TakenBack, takeBack } from '../recording/undone.ts';
import { createServer } from '../server.ts';
import { endRestored } from '../share/restored.ts';
import { writeDurably } from '../store/files.ts';
import {
	chunkBytes,
	chunksIn,
	databaseName,
	hashOf,
	namesIn,
	pathOf,
	readDescription,
} from './backup.ts';
import { BackupError } from './errors.ts';
import { addMade, type Description, descriptionName } from './made.ts';

export interface Restored extends TakenBack {
	readonly description: Description;
	/** Recordings that are there again. */
	readonly recordings: number;
	/** Recordings of the backup that had been deleted since and are not there again. */
	readonly deleted: number;
	/** Tracks of the others that had been destroyed since and are not there again. */
	readonly tracks: number;
}

/** The lines of a file of tombstones. Throws `BackupError` when there is no such file. */
async function given(path: string): Promise<TombstoneLines> {
	try {
		return await readTombstones(path);
	} catch (cause) {
		if (systemCode(cause) === undefined) throw cause;
		throw new BackupError(`${path} cannot be read.`, { cause });
	}
}

async function copyFiles(folder: string, dataDir: string): Promise<void> {
	const others = new Set<string>([descriptionName, tombstonesName]);
	for (const entry of await readdir(folder, { withFileTypes: true }))
		if (entry.isFile() && !others.has(entry.name))
			await writeDurably(join(dataDir, entry.name), await readFile(join(folder, entry.name)));
}

/**
 * Puts a backup into an empty data directory. Of recordings and tracks that a tombstone names no byte is brought back, access
 * that was ended since ends again, and the database is rewritten without them before this resolves. Throws `BackupError`: the
 * folder is no whole backup, the data directory is not empty, something is damaged or missing.
 */
export async function restoreBackup(options: {
	folder: string;
	dataDir: string;
	/** A file with what was deleted since, besides what the backup itself knows. */
	tombstones: string | undefined;
}): Promise<Restored> {
	const { folder, dataDir, tombstones } = options;
	const description = await readDescription(folder);
	if ((await namesIn(dataDir)).length > 0)
		throw new BackupError(`${dataDir} is not empty: set DATA_DIR to a new folder.`);
	const known = await new Tombstones(folder).lines();
	const more = tombstones === undefined ? { deleted: [], undone: [] } : await given(tombstones);
	if ((await hashOf(join(folder, databaseName))) !== description.database)
		throw new BackupError(`${databaseName} in ${folder} is damaged.`);
	const buried = new Map([...known.deleted, ...more.deleted].map((it) => [it.recording, it]));
	const undone = new Set([...known.undone, ...more.undone].map((it) => JSON.stringify(it)));
	const destroyed = new Set(
		[...known.undone, ...more.undone].flatMap((it) =>
			it.what === 'track' ? [`${it.of} ${it.track}`] : [],
		),
	);
	await mkdir(dataDir, { recursive: true, mode: 0o700 });
	// First of all: whatever happens after this, a start of the server deletes them again.
	const lines = [...[...buried.values()].map((it) => JSON.stringify(it)), ...undone];
	const text = lines.map((line) => `${line}\n`).join('');
	await writeDurably(join(dataDir, tombstonesName), Buffer.from(text));
	await copyFiles(folder, dataDir);
	const [there, gone, tracks] = [new Set<string>(), new Set<string>(), new Set<string>()];
	for (const chunk of chunksIn(folder)) {
		const { recording, track, sha256 } = chunk;
		(buried.has(recording) ? gone : there).add(recording);
		if (buried.has(recording)) continue;
		if (destroyed.has(`${recording} ${track}`)) {
			tracks.add(track);
			continue;
		}
		const path = pathOf(chunk);
		const bytes = await chunkBytes(folder, { path, sha256 });
		if (!bytes) throw new BackupError(`${path} in ${folder} is missing.`);
		await mkdir(dirname(join(dataDir, path)), { recursive: true, mode: 0o700 });
		await writeDurably(join(dataDir, path), bytes);
	}
	// What a start does: migrations, deletions, the file rewritten. No port is opened, and nothing is sent.
	const server = await createServer({
		config: { ...readConfig({}), dataDir, logLevel: 'silent' },
	});
	await endRestored(server.context);
	const taken = await takeBack(server.context, description.at);
	await server.context.database.rewrite();
	await server.close();
	// It still holds what is deleted from now on.
	await addMade(dataDir, { backup: description.id, at: description.at });
	const counts = { recordings: there.size, deleted: gone.size, tracks: tracks.size };
	return { description, ...counts, ...taken };
}
