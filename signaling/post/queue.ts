import type { PostError, PostWay } from '../protocol/post.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { PostRow } from '../store/tables.ts';
import { calendarsIn } from './calendar.ts';
import { type Addressed, addressed, type Unsendable } from './letter.ts';
import { composeMail, sendMail } from './mail.ts';
import type { Outcome } from './outcome.ts';
import { outboxMs, releaseHeld } from './outbox.ts';
import { fill, lettersOf, type Parcel, rowsOf } from './parcel.ts';
import { ways } from './plan.ts';
import type { PostOptions } from './post.ts';
import { sendText } from './text.ts';
import { settleUntold } from './told.ts';
import { writeAll } from './series.ts';

/** After one minute, two, four...: about two hours in all. */
const firstPauseMs = 60_000;
const triesMax = 8;
const everyMs = 1000;

type Told = Outcome | { type: 'held' } | { type: 'obsolete' };

/** Sends what is due, one message after another on each way; each is written down before it goes out. */
export class Queue {
	readonly #options: PostOptions;
	readonly #store: Store;
	#address: string | undefined;
	#timer: NodeJS.Timeout | undefined;
	#running: Promise<void> | undefined;
	#again = false;
	#erased = false;
	#stopped = false;

	constructor(options: PostOptions) {
		this.#options = options;
		this.#store = options.database.store;
	}

	/** Where links lead to; `undefined` before the server listens. */
	get address(): string | undefined {
		return this.#address;
	}

	/** What a crash cut off may have gone out: it is never sent again. What was held may go out now. */
	async start(address: string): Promise<void> {
		this.#address = address;
		const { clock, config } = this.#options;
		const now = clock.now();
		await this.#store.transaction().execute(async (db) => {
			await db
				.updateTable('post')
				.set({ state: 'failed', error: 'interrupted', at: now, recipient: null })
				.where('state', '=', 'sending')
				.execute();
			for (const way of ways) if (config[way] !== undefined) await releaseHeld(db, { way, now });
		});
		this.#timer = setInterval(() => this.wake(), everyMs);
	}

	/** Looks for what is due, soon. */
	wake(): void {
		setImmediate(() =>
			this.run().catch((error: unknown) => this.#options.log.failure('post', error)),
		);
	}

	/** Something personal was deleted: after the next round it is in no file any more. */
	erased(): void {
		this.#erased = true;
	}

	run(): Promise<void> {
		this.#again = true;
		this.#running ??= this.#rounds().finally(() => (this.#running = undefined));
		return this.#running;
	}

	async stop(): Promise<void> {
		this.#stopped = true;
		clearInterval(this.#timer);
		await this.#running;
	}

	async #rounds(): Promise<void> {
		while (this.#again && !this.#stopped && this.#address !== undefined) {
			this.#again = false;
			const address = this.#address;
			const counts = await Promise.all(ways.map((way) => this.#lane(way, address)));
			if (counts.some((count) => count > 0)) this.#options.changed();
			await this.#forget();
			if (!this.#erased) continue;
			this.#erased = false;
			const { database } = this.#options;
			// Holding the connection: no transaction is under way.
			await this.#store.connection().execute(async () => database.checkpoint());
		}
	}

	/** Everything that is due by one way; stops early when the other side is not there. */
	async #lane(way: PostWay, address: string): Promise<number> {
		let count = 0;
		while (!this.#stopped) {
			const row = await this.#claim(way);
			if (!row) break;
			count += 1;
			const { rows, told } = await this.#send(row, address);
			for (const one of rows) await this.#note(one, told);
			if (told.type === 'again' && (told.error === 'unreachable' || told.error === 'login')) break;
		}
		return count;
	}

	/** Takes the next message; from here on it is never sent by anybody else, not even after a crash. */
	async #claim(way: PostWay): Promise<PostRow | undefined> {
		return this.#store.transaction().execute(async (db) => {
			const row = await db
				.selectFrom('post')
				.selectAll()
				.where('state', '=', 'waiting')
				.where('way', '=', way)
				.where('at', '<=', this.#options.clock.now())
				.orderBy('at')
				.limit(1)
				.executeTakeFirst();
			if (!row) return undefined;
			await db
				.updateTable('post')
				.set({ state: 'sending', tries: row.tries + 1 })
				.where('id', '=', row.id)
				.execute();
			return { ...row, tries: row.tries + 1 };
		});
	}

	async #send(row: PostRow, address: string): Promise<{ rows: readonly PostRow[]; told: Told }> {
		let rows: readonly PostRow[] = [row];
		try {
			const message = await addressed(this.#store, address, row);
			const told = await this.#unsendable(row, message);
			if (told || typeof message !== 'object' || message.to === null)
				return { rows, told: told ?? { type: 'obsolete' } };
			const { letter, to } = message;
			const parcel = await fill(this.#store, {
				address,
				first: { row, letter },
				to,
				sendable: async (one, itsLetter, open) =>
					(await this.#unsendable(one, { to, letter: itsLetter, open })) === undefined,
			});
			rows = rowsOf(parcel);
			return { rows, told: await this.#dispatch(parcel, to) };
		} catch (error) {
			this.#options.log.failure('post', error);
			return { rows, told: { type: 'failed', error: 'refused' } };
		}
	}

	/** Why a message does not go out now; `undefined` when it does. */
	async #unsendable(
		row: PostRow,
		message: Addressed | Unsendable | undefined,
	): Promise<Told | undefined> {
		if (typeof message === 'string') return { type: 'failed', error: message };
		if (message === undefined || (await this.#isObsolete(row, message)))
			return { type: 'obsolete' };
		const { letter } = message;
		const end = letter.startsAt + letter.minutes * 60_000;
		if (row.kind !== 'cancellation' && this.#options.clock.now() >= end)
			return { type: 'failed', error: 'late' };
		return this.#options.config[row.way] === undefined ? { type: 'held' } : undefined;
	}

	async #dispatch(parcel: Parcel, to: string): Promise<Outcome> {
		const { config, clock } = this.#options;
		const [{ row, letter }] = parcel;
		const words = writeAll(lettersOf(parcel), row.way);
		if (row.way === 'text')
			return config.text
				? sendText(config.text, to, words.body)
				: { type: 'failed', error: 'refused' };
		if (!config.mail) return { type: 'failed', error: 'refused' };
		const { from } = config.mail;
		const domain = from.split('@').at(-1) ?? 'localhost';
		const now = clock.now();
		const raw = await composeMail(config.mail, {
			messageId: `<${row.id}@${domain}>`,
			practice: letter.practice,
			to,
			words,
			calendars: calendarsIn(parcel, domain, { from, to, now }),
			date: new Date(now),
		});
		return sendMail(config.mail, to, raw);
	}

	/** A reminder that came too late, or was overtaken by the next; anything about a session that is over. */
	async #isObsolete(row: PostRow, { letter, open }: Addressed): Promise<boolean> {
		if (row.kind === 'cancellation') return false;
		if (!open) return true;
		if (row.before === null) return false;
		const now = this.#options.clock.now();
		if (now >= letter.startsAt) return true;
		const next = await this.#store
			.selectFrom('post')
			.select('id')
			.where('place', '=', row.place)
			.where('way', '=', row.way)
			.where('kind', '=', 'reminder')
			.where('before', '<', row.before)
			.where('at', '<=', now)
			// One about an older time says nothing of this one.
			.where('sequence', '>=', row.sequence)
			.limit(1)
			.execute();
		return next.length > 0;
	}

	async #note(row: PostRow, told: Told): Promise<void> {
		this.#options.log.event('post', { [told.type]: 1 });
		if (row.recipient !== null) this.erased();
		await this.#store.transaction().execute(async (db) => {
			const { superseded } = await db
				.selectFrom('post')
				.select('superseded')
				.where('id', '=', row.id)
				.executeTakeFirstOrThrow();
			const overtaken = superseded === 1 && (told.type === 'again' || told.type === 'held');
			if (told.type === 'obsolete' || overtaken)
				await db.deleteFrom('post').where('id', '=', row.id).execute();
			else if (told.type === 'again' && row.tries < triesMax)
				await this.#retry(db, row, told.error);
			else await this.#settle(db, row, told);
			const reached =
				told.type === 'sent' || (told.type === 'failed' && told.error === 'interrupted');
			if (!reached) await settleUntold(db, row);
		});
	}

	async #retry(db: StoreTransaction, row: PostRow, error: PostError): Promise<void> {
		const at = this.#options.clock.now() + firstPauseMs * 2 ** (row.tries - 1);
		const values = { state: 'waiting', at, error } as const;
		await db.updateTable('post').set(values).where('id', '=', row.id).execute();
	}

	async #settle(
		db: StoreTransaction,
		row: PostRow,
		told: Outcome | { type: 'held' },
	): Promise<void> {
		const { clock, history } = this.#options;
		const state = told.type === 'again' ? 'failed' : told.type;
		const error = 'error' in told ? told.error : null;
		const held = state === 'held' ? 1 : row.held;
		const values = { state, at: clock.now(), error, held, recipient: null };
		await db.updateTable('post').set(values).where('id', '=', row.id).execute();
		const { place: who, session } = row;
		if (state === 'failed') await history.add(db, { act: 'send-failed', who, session });
		if (state !== 'sent' || row.kind === 'cancellation') return;
		const act = row.kind === 'reminder' ? 'reminded' : 'invited';
		await history.add(db, { act, who, session });
	}

	/** What was held for a session that is long over is of no use to anybody. */
	async #forget(): Promise<void> {
		const before = this.#options.clock.now() - outboxMs;
		await this.#store
			.deleteFrom('post')
			.where('state', 'in', ['held', 'dropped'])
			.where('session', 'in', (it) =>
				it.selectFrom('sessions').select('id').where('starts_at', '<', before),
			)
			.execute();
	}
}
