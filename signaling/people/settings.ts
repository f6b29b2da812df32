import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { stored } from '../parse.ts';
import { PracticeSettings, defaultSettings } from '../protocol/people.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

const Kept = v.omit(PracticeSettings, ['name']);

/** The settings of the practice; a server that was told a shorter idle limit keeps to it. Throws `not-ready`. */
export async function readSettings(
	context: Pick<Context, 'config'>,
	db: Store | StoreTransaction,
): Promise<PracticeSettings> {
	const { idleMs } = context.config;
	const row = await db.selectFrom('practice').select(['name', 'settings']).executeTakeFirst();
	if (!row) throw new ServerError('not-ready');
	const kept = row.settings === null ? { ...defaultSettings, idleMs } : stored(Kept, row.settings);
	return { ...kept, name: row.name, idleMs: Math.min(kept.idleMs, idleMs) };
}

export async function writeSettings(
	db: StoreTransaction,
	{ name, ...kept }: PracticeSettings,
): Promise<void> {
	await db
		.updateTable('practice')
		.set({ name, settings: JSON.stringify(kept) })
		.execute();
}
