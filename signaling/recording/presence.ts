import type { Clock } from '../clock.ts';
import type { History } from '../history/history.ts';
import { limits } from '../protocol/limits.ts';
import type { Store } from '../store/database.ts';

/** Which recorders are alive: each says so every second. One that falls silent before its end is lost. */
export class Presence {
	readonly #store: Store;
	readonly #clock: Clock;
	readonly #history: History;
	readonly #changed: () => void;
	/** Live recordings and when each was last heard, in monotonic time. */
	readonly #heard = new Map<string, number>();

	constructor(options: { store: Store; clock: Clock; history: History; changed: () => void }) {
		this.#store = options.store;
		this.#clock = options.clock;
		this.#history = options.history;
		this.#changed = options.changed;
	}

	/** After a start: recorders have as long as ever to say that they are there. */
	async load(): Promise<void> {
		const rows = await this.#store
			.selectFrom('recordings')
			.select('id')
			.where('state', '=', 'live')
			.where('ended_at', 'is', null)
			.where('lost_at', 'is', null)
			.execute();
		for (const { id } of rows) this.#heard.set(id, this.#clock.monotonic());
	}

	/** Whether the recorder's browser is connected right now. */
	alive(recording: string): boolean {
		const heard = this.#heard.get(recording);
		return heard !== undefined && this.#clock.monotonic() - heard <= limits.aliveMs;
	}

	/** A recorder says that it is there; one that was lost is back. When it was last heard tells later how much is missing. */
	async heard(recording: string): Promise<void> {
		const known = this.#heard.has(recording);
		this.#heard.set(recording, this.#clock.monotonic());
		await this.#store
			.updateTable('recordings')
			.set({ lost_at: null, last_seen_at: this.#clock.now() })
			.where('id', '=', recording)
			.execute();
		if (!known) this.#changed();
	}

	forget(recording: string): void {
		this.#heard.delete(recording);
	}

	/** Called every second: writes down which recorders fell silent. */
	async watch(): Promise<void> {
		for (const recording of this.#heard.keys()) {
			if (this.alive(recording)) continue;
			this.#heard.delete(recording);
			await this.#lose(recording);
			this.#changed();
		}
	}

	async #lose(recording: string): Promise<void> {
		await this.#store.transaction().execute(async (db) => {
			const row = await db
				.updateTable('recordings')
				.set({ lost_at: this.#clock.now() })
				.where('id', '=', recording)
				.where('state', '=', 'live')
				.where('ended_at', 'is', null)
				.returning(['host', 'session'])
				.executeTakeFirst();
			if (!row) return;
			const { host: who, session } = row;
			await this.#history.add(db, { act: 'recording-lost', who, session, recording });
		});
	}
}
