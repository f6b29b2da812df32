import * as v from 'valibot';
import { stored } from '../parse.ts';
import { type Contact, Language, type PostWay, TimeZone } from '../protocol/post.ts';
import { newId } from '../random.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { ContactRow, PostRow, SessionRow } from '../store/tables.ts';
import { isTold, withdraw } from './told.ts';

export const ways: readonly PostWay[] = ['mail', 'text'];

/** Where one message goes, once its contact is erased. */
export const Recipient = v.strictObject({
	address: v.string(),
	language: Language,
	timeZone: TimeZone,
});
export type Recipient = v.InferOutput<typeof Recipient>;

/** Null: as the practice has it. */
const Minutes = v.nullable(v.array(v.number()));
const minuteMs = 60_000;
const seriesPauseMs = 5000;

export const addressOf = (contact: ContactRow, way: PostWay): string | null =>
	way === 'mail' ? contact.email : contact.mobile;

export const recipientOf = (contact: ContactRow, address: string): Recipient => ({
	address,
	language: contact.language,
	timeZone: contact.time_zone,
});

/** What is to be sent to the people of one session; all of it in the transaction of its cause. */
export class Plan {
	readonly #db: StoreTransaction;
	readonly #now: number;
	readonly #configured: (way: PostWay) => boolean;
	readonly #reminders: readonly number[];

	constructor(options: {
		db: StoreTransaction;
		now: number;
		configured: (way: PostWay) => boolean;
		/** Minutes before a session at which the practice reminds people. */
		reminders: readonly number[];
	}) {
		this.#db = options.db;
		this.#now = options.now;
		this.#configured = options.configured;
		this.#reminders = options.reminders;
	}

	async contacts(session: string): Promise<ContactRow[]> {
		const query = this.#db.selectFrom('contacts').selectAll();
		return query.where('session', '=', session).execute();
	}

	async add(
		message: Pick<PostRow, 'session' | 'place' | 'kind' | 'way' | 'sequence'> &
			Partial<Pick<PostRow, 'at' | 'before' | 'recipient' | 'state' | 'series'>>,
	): Promise<void> {
		await this.#db
			.insertInto('post')
			.values({
				id: newId(),
				at: this.#now,
				created_at: this.#now,
				state: 'waiting',
				tries: 0,
				error: null,
				before: null,
				recipient: null,
				superseded: 0,
				series: null,
				held: message.state === 'held' ? 1 : 0,
				...message,
			})
			.execute();
	}

	/**
	 * Puts the contacts of a session in the place of those it has. `series` = by place, what somebody is
	 * told of together with other sessions.
	 */
	async replace(
		session: SessionRow,
		wanted: readonly Contact[],
		series: ReadonlyMap<string, string> = new Map(),
	): Promise<void> {
		const known = await this.contacts(session.id);
		for (const contact of known)
			if (!wanted.some(({ place }) => place === contact.place)) await this.drop(contact);
		for (const contact of wanted) {
			const before = known.find(({ place }) => place === contact.place);
			await this.#set(session, contact, { before, series: series.get(contact.place) ?? null });
		}
	}

	async #set(
		session: SessionRow,
		contact: Contact,
		{ before, series }: { before: ContactRow | undefined; series: string | null },
	): Promise<void> {
		const row: ContactRow = {
			place: contact.place,
			session: session.id,
			email: contact.email,
			mobile: contact.mobile,
			language: contact.language,
			time_zone: contact.timeZone,
			remind_before: JSON.stringify(contact.remindBefore),
			starts_at: session.starts_at,
			minutes: session.minutes,
			sequence: before?.sequence ?? (await this.#nextSequence(contact.place)),
			series: before ? before.series : series,
		};
		const moved = before && (before.starts_at !== row.starts_at || before.minutes !== row.minutes);
		const changes = ways.map((way) => ({
			way,
			old: before && addressOf(before, way),
			address: addressOf(row, way),
		}));
		// An address that is no longer used gets a cancellation of its own, which is one newer.
		if (changes.some(({ old, address }) => old && old !== address)) {
			row.sequence += 2;
			row.series = series;
		} else if (moved) row.sequence += 1;
		await this.#db
			.insertInto('contacts')
			.values(row)
			.onConflict((it) => it.column('place').doUpdateSet(row))
			.execute();
		for (const { way, old, address } of changes) {
			if (before && old && old !== address) await this.#cancel(before, way, old);
			if (address && old !== address) await this.#invite(row, way, address);
			else if (address && moved) await this.#update(row, way);
		}
		await this.#remind(row, { moved: moved ?? false });
	}

	/** Tells of another time, and no longer writes to who has no place any more. */
	async follow(session: SessionRow): Promise<void> {
		const rows = await this.#db
			.selectFrom('places')
			.select('id')
			.where('session', '=', session.id)
			.execute();
		for (const contact of await this.contacts(session.id)) {
			if (!rows.some(({ id }) => id === contact.place)) {
				await this.drop(contact);
				continue;
			}
			const { starts_at: startsAt, minutes } = session;
			if (contact.starts_at === startsAt && contact.minutes === minutes) continue;
			const row: ContactRow = {
				...contact,
				starts_at: startsAt,
				minutes,
				sequence: contact.sequence + 1,
			};
			await this.#db.updateTable('contacts').set(row).where('place', '=', row.place).execute();
			for (const way of ways) if (addressOf(row, way)) await this.#update(row, way);
			await this.#remind(row, { moved: true });
		}
	}

	/** Erases a contact; whoever was told of the session is told that it is off. */
	async drop(contact: ContactRow): Promise<void> {
		for (const way of ways) {
			const address = addressOf(contact, way);
			if (address) await this.#cancel(contact, way, address);
		}
		await this.#db.deleteFrom('contacts').where('place', '=', contact.place).execute();
	}

	/** Who was called off and comes back before she heard of it is not called off. */
	async #invite(contact: ContactRow, way: PostWay, address: string): Promise<void> {
		const { place, session, sequence, series } = contact;
		const off = await this.#db
			.selectFrom('post')
			.select(['id', 'state', 'recipient'])
			.where('place', '=', place)
			.where('way', '=', way)
			.where('kind', '=', 'cancellation')
			.where('state', 'in', ['waiting', 'sending'])
			.execute();
		for (const { id, state, recipient } of off) {
			if (recipient === null || stored(Recipient, recipient).address !== address) continue;
			if (state === 'waiting') await this.#db.deleteFrom('post').where('id', '=', id).execute();
			else await this.#db.updateTable('post').set({ superseded: 1 }).where('id', '=', id).execute();
		}
		await this.add({ session, place, kind: 'invitation', way, sequence, series });
	}

	/** An announcement that did not go out yet says the new time by itself. */
	async #update(contact: ContactRow, way: PostWay): Promise<void> {
		const { place, session, sequence, series } = contact;
		const announced = this.#db
			.updateTable('post')
			.where('place', '=', place)
			.where('way', '=', way)
			.where('kind', 'in', ['invitation', 'update']);
		const waiting = await announced
			.set({ sequence })
			.where('state', 'in', ['waiting', 'held'])
			.returning('id')
			.execute();
		if (waiting.length > 0) return;
		const kind = (await isTold(this.#db, { place, way })) ? 'update' : 'invitation';
		await announced.set({ superseded: 1 }).where('state', '=', 'sending').execute();
		await this.add({ session, place, kind, way, sequence, series, at: this.#soon(series) });
	}

	/** The sessions of a series are changed one after another: what is told of them waits for the others. */
	#soon(series: string | null): number {
		return series === null ? this.#now : this.#now + seriesPauseMs;
	}

	async #cancel(contact: ContactRow, way: PostWay, address: string): Promise<void> {
		const { place, session, series } = contact;
		const told = await isTold(this.#db, { place, way });
		await withdraw(this.#db, { place, way, kinds: ['invitation', 'update', 'reminder'] });
		if (!told) return;
		const sequence = contact.sequence + 1;
		// What is not going to be sent needs no address.
		const held = !this.#configured(way);
		const recipient = held ? null : JSON.stringify(recipientOf(contact, address));
		const state = held ? 'held' : 'waiting';
		const kind = 'cancellation';
		const at = held ? this.#now : this.#soon(series);
		await this.add({ session, place, kind, way, sequence, recipient, state, series, at });
	}

	/** Plans the reminders of a person anew; those that are being tried again stay, unless the time is another. */
	async #remind(contact: ContactRow, { moved }: { moved: boolean }): Promise<void> {
		const { place, session, sequence, starts_at: startsAt } = contact;
		const wanted = new Set(stored(Minutes, contact.remind_before) ?? this.#reminders);
		const planned = await this.#db
			.selectFrom('post')
			.select(['id', 'way', 'before', 'state'])
			.where('place', '=', place)
			.where('kind', '=', 'reminder')
			.where('before', 'is not', null)
			.where('state', 'in', ['waiting', 'held', 'sending'])
			.execute();
		const kept = new Set<string>();
		for (const { id, way, before, state } of planned) {
			const row = this.#db.updateTable('post').where('id', '=', id);
			if (!moved && before !== null && wanted.has(before) && addressOf(contact, way)) {
				kept.add(`${way} ${before}`);
				await row.set({ sequence }).execute();
			} else if (state === 'sending') await row.set({ superseded: 1 }).execute();
			else await this.#db.deleteFrom('post').where('id', '=', id).execute();
		}
		for (const before of wanted)
			for (const way of ways) {
				const at = startsAt - before * minuteMs;
				if (addressOf(contact, way) && at > this.#now && !kept.has(`${way} ${before}`))
					await this.add({ session, place, kind: 'reminder', way, sequence, at, before });
			}
	}

	/** The practice reminds people at other times. */
	async remindAnew(): Promise<void> {
		const contacts = await this.#db
			.selectFrom('contacts')
			.selectAll()
			.where('remind_before', '=', JSON.stringify(null))
			.where('starts_at', '>', this.#now)
			.execute();
		for (const contact of contacts) await this.#remind(contact, { moved: false });
	}

	/** Who was taken out and comes back gets a calendar entry that is newer than its cancellation. */
	async #nextSequence(place: string): Promise<number> {
		const { last } = await this.#db
			.selectFrom('post')
			.select((it) => it.fn.max('sequence').as('last'))
			.where('place', '=', place)
			.executeTakeFirstOrThrow();
		return last === null ? 0 : last + 1;
	}
}
