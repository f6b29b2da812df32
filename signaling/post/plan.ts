import * as v from 'valibot';
import { stored } from '../parse.ts';
import { type Contact, Language, type PostKind, type PostWay, TimeZone } from '../protocol/post.ts';
import { newId } from '../random.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { ContactRow, PostRow, SessionRow } from '../store/tables.ts';

export const ways: readonly PostWay[] = ['mail', 'text'];

/** Where one message goes, once its contact is erased. */
export const Recipient = v.strictObject({
	address: v.string(),
	language: Language,
	timeZone: TimeZone,
});
export type Recipient = v.InferOutput<typeof Recipient>;

const Minutes = v.array(v.number());
const minuteMs = 60_000;

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

	constructor(options: {
		db: StoreTransaction;
		now: number;
		configured: (way: PostWay) => boolean;
	}) {
		this.#db = options.db;
		this.#now = options.now;
		this.#configured = options.configured;
	}

	async contacts(session: string): Promise<ContactRow[]> {
		const query = this.#db.selectFrom('contacts').selectAll();
		return query.where('session', '=', session).execute();
	}

	async add(
		message: Pick<PostRow, 'session' | 'place' | 'kind' | 'way' | 'sequence'> &
			Partial<Pick<PostRow, 'at' | 'before' | 'recipient' | 'state'>>,
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
				...message,
			})
			.execute();
	}

	/** Puts the contacts of a session in the place of those it has. */
	async replace(session: SessionRow, wanted: readonly Contact[]): Promise<void> {
		const known = await this.contacts(session.id);
		for (const contact of known)
			if (!wanted.some(({ place }) => place === contact.place)) await this.drop(contact);
		for (const contact of wanted) {
			const before = known.find(({ place }) => place === contact.place);
			await this.#set(session, contact, before);
		}
	}

	async #set(session: SessionRow, contact: Contact, before?: ContactRow): Promise<void> {
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
		};
		const moved = before && (before.starts_at !== row.starts_at || before.minutes !== row.minutes);
		if (moved) row.sequence += 1;
		await this.#db
			.insertInto('contacts')
			.values(row)
			.onConflict((it) => it.column('place').doUpdateSet(row))
			.execute();
		for (const way of ways) {
			const [old, now] = [before && addressOf(before, way), addressOf(row, way)];
			if (before && old && old !== now) await this.#cancel(before, way, old);
			if (now && old !== now) await this.#announce(row, way, 'invitation');
			else if (now && moved) await this.#announce(row, way, 'update');
		}
		await this.#remind(row);
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
			for (const way of ways) if (addressOf(row, way)) await this.#announce(row, way, 'update');
			await this.#remind(row);
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

	/** An announcement that did not go out yet says the new time by itself. */
	async #announce(contact: ContactRow, way: PostWay, kind: PostKind): Promise<void> {
		const { place, session, sequence } = contact;
		const waiting = await this.#db
			.updateTable('post')
			.set({ sequence })
			.where('place', '=', place)
			.where('way', '=', way)
			.where('kind', 'in', ['invitation', 'update'])
			.where('state', 'in', ['waiting', 'held'])
			.returning('id')
			.execute();
		if (waiting.length === 0) await this.add({ session, place, kind, way, sequence });
	}

	async #cancel(contact: ContactRow, way: PostWay, address: string): Promise<void> {
		const { place, session } = contact;
		const told = await this.#db
			.selectFrom('post')
			.select('id')
			.where('place', '=', place)
			.where('way', '=', way)
			.where('kind', 'in', ['invitation', 'update'])
			.where((it) =>
				it.or([it('state', 'in', ['sending', 'sent', 'held']), it('error', '=', 'interrupted')]),
			)
			.limit(1)
			.execute();
		await this.#db
			.deleteFrom('post')
			.where('place', '=', place)
			.where('way', '=', way)
			.where('kind', '!=', 'cancellation')
			.where('state', 'in', ['waiting', 'held'])
			.execute();
		if (told.length === 0) return;
		const sequence = contact.sequence + 1;
		// What is not going to be sent needs no address.
		const held = !this.#configured(way);
		const recipient = held ? null : JSON.stringify(recipientOf(contact, address));
		const state = held ? 'held' : 'waiting';
		await this.add({ session, place, kind: 'cancellation', way, sequence, recipient, state });
	}

	/** Plans the reminders of a person anew. */
	async #remind(contact: ContactRow): Promise<void> {
		const { place, session, sequence, starts_at: startsAt } = contact;
		await this.#db
			.deleteFrom('post')
			.where('place', '=', place)
			.where('kind', '=', 'reminder')
			.where('before', 'is not', null)
			.where('state', 'in', ['waiting', 'held'])
			.execute();
		for (const before of new Set(stored(Minutes, contact.remind_before)))
			for (const way of ways) {
				const at = startsAt - before * minuteMs;
				if (addressOf(contact, way) && at > this.#now)
					await this.add({ session, place, kind: 'reminder', way, sequence, at, before });
			}
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
