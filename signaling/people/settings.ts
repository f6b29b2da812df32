import * as v from 'valibot';
import { ServerError } from '../errors.ts';
import { stored } from '../parse.ts';
import { PracticeSettings, defaultSettings } from '../protocol/people.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

const Kept = v.omit(PracticeSettings, ['name']);

/** How the practice works, as its admins wish. */
export class Settings {
	/** The server's own idle limit: nobody can wish for a longer one. */
	readonly #mostMs: number;
	#idleMs: number;

	private constructor(mostMs: number) {
		this.#mostMs = mostMs;
		this.#idleMs = mostMs;
	}

	static async open(store: Store, options: { idleMs: number }): Promise<Settings> {
		const settings = new Settings(options.idleMs);
		const practice = await store.selectFrom('practice').select('id').executeTakeFirst();
		if (practice) settings.#idleMs = (await settings.read(store)).idleMs;
		return settings;
	}

	/** Staff keys are locked after so long without anybody at the device. */
	get idleMs(): number {
		return this.#idleMs;
	}

	/** Throws `not-ready` before setup. */
	async read(db: Store | StoreTransaction): Promise<PracticeSettings> {
		const row = await db.selectFrom('practice').select(['name', 'settings']).executeTakeFirst();
		if (!row) throw new ServerError('not-ready');
		const idleMs = this.#mostMs;
		const kept =
			row.settings === null ? { ...defaultSettings, idleMs } : stored(Kept, row.settings);
		return { ...kept, name: row.name, idleMs: Math.min(kept.idleMs, idleMs) };
	}

	async write(db: StoreTransaction, { name, ...kept }: PracticeSettings): Promise<void> {
		await db
			.updateTable('practice')
			.set({ name, settings: JSON.stringify(kept) })
			.execute();
		this.#idleMs = Math.min(kept.idleMs, this.#mostMs);
	}
}
