import { practiceOf } from '../account/members.ts';
import type { Context } from '../context.ts';
import { composeMail, sendMail } from '../post/mail.ts';
import type { Outcome } from '../post/outcome.ts';
import { newId } from '../random.ts';
import type { ShareTableRow } from '../store/rows/shares.ts';
import { close, note } from './rows.ts';
import { writeMail } from './words.ts';

/** After one minute, two, four...: about two hours in all. */
const firstPauseMs = 60_000;
const triesMax = 8;
/** Shares that are erased in one transaction. */
const sweepMax = 100;

type Parts = Pick<Context, 'database' | 'store' | 'clock' | 'config' | 'history' | 'log'>;

/** Sends the mails of shares, and erases shares whose time is over. */
export class ShareKeeper {
	readonly #parts: Parts;
	/** Where links lead to; empty before the server listens. */
	readonly #address: () => string;
	/** Somebody who looks at shares has to look again. */
	readonly #changed: () => void;
	#running: Promise<void> | undefined;
	#stopped = false;

	constructor(parts: Parts & { address: () => string; changed: () => void }) {
		const { address, changed, ...rest } = parts;
		this.#parts = rest;
		this.#address = address;
		this.#changed = changed;
	}

	/** At start: what a crash cut off may have gone out, so it is never sent again. */
	async start(): Promise<void> {
		await this.#parts.store
			.updateTable('shares')
			.set({ mail: 'failed', email: null })
			.where('mail', '=', 'sending')
			.execute();
		await this.#expire();
	}

	/** Does what is due; resolves when it is done. */
	run(): Promise<void> {
		this.#running ??= this.#round().finally(() => (this.#running = undefined));
		return this.#running;
	}

	/** Ends with the mail that is under way. */
	async stop(): Promise<void> {
		this.#stopped = true;
		await this.#running?.catch(() => undefined);
	}

	/** Keys or contacts were erased: after this they are in no file any more. */
	async scrub(): Promise<void> {
		const { store, database } = this.#parts;
		// Holding the connection: no transaction is under way.
		await store.connection().execute(async () => database.checkpoint());
	}

	async #round(): Promise<void> {
		if (await this.#expire()) this.#changed();
		if (this.#address() === '') return;
		for (let row = await this.#claim(); row && !this.#stopped; row = await this.#claim()) {
			await this.#settle(row, await this.#send(row));
			this.#changed();
		}
	}

	/** Erases what is over; whether there was anything. */
	async #expire(): Promise<boolean> {
		const { store, clock } = this.#parts;
		const rows = await store
			.selectFrom('shares')
			.select(['id', 'recording', 'mail'])
			.where('state', '=', 'open')
			.where('expires_at', '<=', clock.now())
			.limit(sweepMax)
			.execute();
		if (rows.length === 0) return false;
		await store.transaction().execute(async (db) => {
			for (const { id, recording, mail } of rows) {
				await close(this.#parts, db, { id, state: 'expired', mail });
				await note(this.#parts, db, { id, recording }, { act: 'share-expired' });
			}
		});
		await this.scrub();
		return true;
	}

	/** Takes the next mail; from here on nobody else sends it, not even after a crash. */
	async #claim(): Promise<ShareTableRow | undefined> {
		const { store, clock, config } = this.#parts;
		if (!config.mail) return undefined;
		return store.transaction().execute(async (db) => {
			const row = await db
				.selectFrom('shares')
				.selectAll()
				.where('mail', 'in', ['waiting', 'held'])
				.where('state', '=', 'open')
				.where('mail_at', '<=', clock.now())
				.orderBy('mail_at')
				.limit(1)
				.executeTakeFirst();
			if (!row) return undefined;
			await db
				.updateTable('shares')
				.set({ mail: 'sending', mail_tries: row.mail_tries + 1 })
				.where('id', '=', row.id)
				.execute();
			return { ...row, mail_tries: row.mail_tries + 1 };
		});
	}

	async #send(row: ShareTableRow): Promise<Outcome> {
		const { store, clock, config, log } = this.#parts;
		const { mail } = config;
		if (!mail || row.email === null) return { type: 'failed', error: 'address' };
		try {
			const { name: practice } = await practiceOf(store);
			const link = `${this.#address()}/s/${row.id}`;
			const raw = await composeMail(mail, {
				messageId: `<${newId()}@${mail.from.split('@').at(-1) ?? 'localhost'}>`,
				practice,
				to: row.email,
				words: writeMail({ practice, link, expiresAt: row.expires_at }),
				calendars: [],
				date: new Date(clock.now()),
			});
			return await sendMail(mail, row.email, raw);
		} catch (error) {
			log.failure('share mail', error);
			return { type: 'failed', error: 'refused' };
		}
	}

	async #settle(row: ShareTableRow, told: Outcome): Promise<void> {
		const { store, clock, log } = this.#parts;
		log.event('share mail', { [told.type]: 1 });
		const again = told.type === 'again' && row.mail_tries < triesMax;
		const pauseMs = firstPauseMs * 2 ** (row.mail_tries - 1);
		const kept = again
			? ({ mail: 'waiting', mail_at: clock.now() + pauseMs } as const)
			: ({ mail: told.type === 'sent' ? 'sent' : 'failed', email: null } as const);
		await store.transaction().execute(async (db) => {
			const known = await db
				.selectFrom('shares')
				.select('state')
				.where('id', '=', row.id)
				.executeTakeFirst();
			// Its recording was deleted meanwhile.
			if (!known) return;
			// It was ended meanwhile: there is no address any more.
			const over = known.state !== 'open' && again;
			await db
				.updateTable('shares')
				.set(over ? { mail: 'none' } : kept)
				.where('id', '=', row.id)
				.execute();
			if (!again && told.type !== 'sent') await note(this.#parts, db, row, { act: 'send-failed' });
		});
		if (!again) await this.scrub();
	}
}
