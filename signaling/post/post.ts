import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { ServerError } from '../errors.ts';
import type { History } from '../history/history.ts';
import type { Log } from '../log.ts';
import type { Settings } from '../people/settings.ts';
import { limits } from '../protocol/limits.ts';
import type { Contact, PostWay } from '../protocol/post.ts';
import { newId } from '../random.ts';
import type { OpenStore, StoreTransaction } from '../store/database.ts';
import type { SessionRow } from '../store/tables.ts';
import { addressOf, Plan, ways } from './plan.ts';
import { Queue } from './queue.ts';

export interface PostOptions {
	database: OpenStore;
	clock: Clock;
	config: Pick<Config, 'mail' | 'text'>;
	history: History;
	log: Log;
	settings: Pick<Settings, 'read'>;
	/** Somebody's message was sent, failed or was planned. */
	changed: () => void;
}

/** One reminder that somebody asked for in this time. */
const remindEveryMs = 60_000;

/** Whom to write to about a session. */
export interface ContactsOf {
	id: string;
	contacts: readonly Contact[];
}

/** By place, a name for everything that one person is told about several sessions at once. */
function seriesIn(sessions: readonly ContactsOf[]): ReadonlyMap<string, string> {
	const people = new Map<string, string[]>();
	for (const { contacts } of sessions) {
		const reached = contacts.map(({ email, mobile }) => `${email} ${mobile}`);
		for (const [at, { place }] of contacts.entries()) {
			// Two people of one session who share an address are two.
			const nth = reached.slice(0, at).filter((one) => one === reached[at]).length;
			const person = `${reached[at]} ${nth}`;
			people.set(person, [...(people.get(person) ?? []), place]);
		}
	}
	const series = new Map<string, string>();
	for (const places of people.values()) {
		const name = newId();
		if (places.length > 1) for (const place of places) series.set(place, name);
	}
	return series;
}

/** Writes to the people of a session: what is to be sent is planned here, and sent by the queue. */
export class Post {
	readonly #options: PostOptions;
	readonly #queue: Queue;

	constructor(options: PostOptions) {
		this.#options = options;
		this.#queue = new Queue(options);
	}

	/** The address under which participants reach the pages; begins to send. */
	async start(address: string): Promise<void> {
		await this.#queue.start(address);
	}

	/** Sends what is due. Resolves when all of it was sent or put off. */
	run(): Promise<void> {
		return this.#queue.run();
	}

	/** Ends with the message that is under way. */
	stop(): Promise<void> {
		return this.#queue.stop();
	}

	/** Where links lead to. */
	get address(): string {
		return this.#queue.address ?? '';
	}

	async #plan(db: StoreTransaction): Promise<Plan> {
		const { clock, config, settings } = this.#options;
		// After the commit: the one connection of the store is busy until then.
		this.#queue.wake();
		const configured = (way: PostWay) => config[way] !== undefined;
		const { reminders } = await settings.read(db);
		return new Plan({ db, now: clock.now(), configured, reminders });
	}

	async #session(db: StoreTransaction, id: string): Promise<SessionRow> {
		const query = db.selectFrom('sessions').selectAll().where('id', '=', id);
		const row = await query.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		return row;
	}

	async #limit(db: StoreTransaction, session: string): Promise<void> {
		const { count } = await db
			.selectFrom('post')
			.select((it) => it.fn.countAll<number>().as('count'))
			.where('session', '=', session)
			.executeTakeFirstOrThrow();
		if (count >= limits.postPerSession) throw new ServerError('over-limit');
	}

	/**
	 * Replaces the contacts of sessions; who is invited to several of them is told in one. Throws
	 * `not-found`, `session-ended`, `bad-request`, `over-limit`.
	 */
	async setContacts(db: StoreTransaction, sessions: readonly ContactsOf[]): Promise<void> {
		const plan = await this.#plan(db);
		const series = seriesIn(sessions);
		for (const { id, contacts } of sessions) {
			const row = await this.#session(db, id);
			if (row.state !== 'planned' && row.state !== 'open') throw new ServerError('session-ended');
			await this.#limit(db, id);
			const query = db.selectFrom('places').select('id').where('session', '=', id);
			const places = new Set((await query.execute()).map((place) => place.id));
			// Deleting gives each place to at most one contact.
			if (!contacts.every(({ place }) => places.delete(place)))
				throw new ServerError('bad-request');
			await plan.replace(row, contacts, series);
		}
		this.#queue.erased();
	}

	/** A session has another time, or other places: tells who has to know. */
	async sessionChanged(db: StoreTransaction, session: string): Promise<void> {
		const plan = await this.#plan(db);
		await plan.follow(await this.#session(db, session));
		this.#queue.erased();
	}

	/** A session ended or was cancelled: its contacts are erased, and a cancelled one is called off. */
	async sessionOver(
		db: StoreTransaction,
		session: string,
		how: 'ended' | 'cancelled',
	): Promise<void> {
		const plan = await this.#plan(db);
		if (how === 'cancelled')
			for (const contact of await plan.contacts(session)) await plan.drop(contact);
		await db.deleteFrom('contacts').where('session', '=', session).execute();
		await db
			.deleteFrom('post')
			.where('session', '=', session)
			.where('kind', '!=', 'cancellation')
			.where('state', 'in', ['waiting', 'held'])
			.execute();
		this.#queue.erased();
	}

	/** The practice reminds people at other times: what was planned by its old ones is moved. */
	async settingsChanged(db: StoreTransaction): Promise<void> {
		await (await this.#plan(db)).remindAnew();
	}

	/** Reminds one person now. Throws `not-found`, `session-ended`, `slow-down`, `over-limit`. */
	async remind(db: StoreTransaction, session: string, place: string): Promise<void> {
		const now = this.#options.clock.now();
		const row = await this.#session(db, session);
		if (row.state !== 'planned' && row.state !== 'open') throw new ServerError('session-ended');
		await this.#limit(db, session);
		const plan = await this.#plan(db);
		const contact = (await plan.contacts(session)).find((one) => one.place === place);
		if (!contact) throw new ServerError('not-found');
		const { last } = await db
			.selectFrom('post')
			.select((it) => it.fn.max('created_at').as('last'))
			.where('place', '=', place)
			.where('kind', '=', 'reminder')
			.where('before', 'is', null)
			.executeTakeFirstOrThrow();
		if (last !== null && now - last < remindEveryMs) {
			const next = Math.ceil((last + remindEveryMs - now) / 1000);
			throw new ServerError('slow-down', { next });
		}
		const { sequence } = contact;
		for (const way of ways)
			if (addressOf(contact, way))
				await plan.add({ session, place, kind: 'reminder', way, sequence });
	}
}
