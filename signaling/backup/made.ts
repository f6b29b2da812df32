import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemCode } from '../errors.ts';
import { Bytes32, Count, Id, Time } from '../protocol/text.ts';

/** What a backup says of itself: `backup.json` in its folder. */
export const Description = v.strictObject({
	format: v.literal(1),
	/** The same when it is brought up to date. */
	id: Id,
	at: Time,
	/** SHA-256 of `sotto.db`. */
	database: Bytes32,
	/** Recordings and their stored chunks. */
	recordings: Count,
	chunks: Count,
	bytes: Count,
});
export type Description = v.InferOutput<typeof Description>;

/** The name of the file in which a backup describes itself. */
export const descriptionName = 'backup.json';
/** The list of backups that were made, in the data directory: what is deleted later is still in them. */
export const backupsName = 'backups.list';

const Made = v.strictObject({ backup: Id, at: Time });
type Made = v.InferOutput<typeof Made>;

function parseLine(line: string): Made[] {
	try {
		const parsed = v.safeParse(Made, JSON.parse(line));
		return parsed.success ? [parsed.output] : [];
	} catch (error) {
		if (error instanceof SyntaxError) return [];
		throw error;
	}
}

/** Each backup that is known of, and when it was made or brought up to date last. */
export async function backupsMade(dataDir: string): Promise<Made[]> {
	try {
		const lines = (await readFile(join(dataDir, backupsName), 'utf8')).split('\n');
		return [...new Map(lines.flatMap(parseLine).map((made) => [made.backup, made])).values()];
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw error;
	}
}

/** Writes down that a backup was made; it is on disk when this resolves. */
export async function addMade(dataDir: string, made: Made): Promise<void> {
	const file = await open(join(dataDir, backupsName), 'a', 0o600);
	try {
		await file.write(`\n${JSON.stringify(made)}\n`);
		await file.sync();
	} finally {
		await file.close();
	}
}
