import { practiceOf } from '../account/members.ts';
import type { Context } from '../context.ts';
import { composeMail, sendMail } from '../post/mail.ts';
import type { Outcome } from '../post/outcome.ts';
import { oneLine, type Written } from '../post/words.ts';
import { newId } from '../random.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { ReadyMailRow } from '../store/rows/wishes.ts';

/** After one minute, two, four...: about two hours in all. */
const firstPauseMs = 60_000;
const triesMax = 8;

type Parts = Pick<Context, 'store' | 'clock' | 'config' | 'log'>;

/** What a member is told: that there is something, and where; who is in it stays sealed. */
export function writeReady(letter: { practice: string; link: string }): Written {
	const practice = oneLine(letter.practice);
	const parts = [
		'A recording of yours is ready to be watched.',
		`Your recordings:\n${letter.link}`,
		'You asked for this message. In your vault you can switch it off.',
	];
	return { subject: `Your recording is ready: ${practice}`, body: `${parts.join('\n\n')}\n` };
}

/** Tells members by mail that a recording of theirs is finished, where they want it. */
export class Ready {
	readonly #parts: Parts;
	/** Where the pages are; empty before the server listens. */
	readonly #address: () => string;
	#running: Promise<void> | undefined;
	#stopped = false;

	constructor(parts: Parts & { address: () => string }) {
		const { address, ...rest } = parts;
		this.#parts = rest;
		this.#address = address;
	}

	/** A recording is finished: its host is told, if she wants it and there is a mail server. */
	async finished(
		db: StoreTransaction,
		{ recording, host }: { recording: string; host: string },
	): Promise<void> {
		const { clock, config } = this.#parts;
		if (!config.mail) return;
		const wish = await db
			.selectFrom('wishes')
			.select('ready')
			.where('member', '=', host)
			.executeTakeFirst();
		if (!wish || wish.ready === 0) return;
		const row = { recording, member: host, state: 'waiting', at: clock.now(), tries: 0 } as const;
		await db
			.insertInto('ready_mail')
			.values(row)
			.onConflict((it) => it.column('recording').doNothing())
			.execute();
	}

	/** At start: what a crash cut off may have gone out, so it is never sent again. */
	async start(): Promise<void> {
		await this.#parts.store.deleteFrom('ready_mail').where('state', '=', 'sending').execute();
	}

	/** Sends what is due; resolves when it is done. */
	run(): Promise<void> {
		this.#running ??= this.#round().finally(() => (this.#running = undefined));
		return this.#running;
	}

	/** Ends with the mail that is under way. */
	async stop(): Promise<void> {
		this.#stopped = true;
		await this.#running?.catch(() => undefined);
	}

	async #round(): Promise<void> {
		if (this.#address() === '') return;
		for (let row = await this.#claim(); row && !this.#stopped; row = await this.#claim())
			await this.#settle(row, await this.#send(row));
	}

	async #claim(): Promise<ReadyMailRow | undefined> {
		const { store, clock } = this.#parts;
		return store.transaction().execute(async (db) => {
			const row = await db
				.selectFrom('ready_mail')
				.selectAll()
				.where('state', '=', 'waiting')
				.where('at', '<=', clock.now())
				.orderBy('at')
				.limit(1)
				.executeTakeFirst();
			if (!row) return undefined;
			const claimed = { state: 'sending', tries: row.tries + 1 } as const;
			await db
				.updateTable('ready_mail')
				.set(claimed)
				.where('recording', '=', row.recording)
				.execute();
			return { ...row, ...claimed };
		});
	}

	async #send({ member }: ReadyMailRow): Promise<Outcome> {
		const { store, clock, config, log } = this.#parts;
		const to = await store
			.selectFrom('members')
			.select('email')
			.where('id', '=', member)
			.where('active', '=', 1)
			.executeTakeFirst();
		if (!config.mail || !to) return { type: 'failed', error: 'address' };
		try {
			const { name: practice } = await practiceOf(store);
			const raw = await composeMail(config.mail, {
				messageId: `<${newId()}@${config.mail.from.split('@').at(-1) ?? 'localhost'}>`,
				practice,
				to: to.email,
				words: writeReady({ practice, link: `${this.#address()}/recordings` }),
				calendars: [],
				date: new Date(clock.now()),
			});
			return await sendMail(config.mail, to.email, raw);
		} catch (error) {
			log.failure('ready mail', error);
			return { type: 'failed', error: 'refused' };
		}
	}

	async #settle({ recording, tries }: ReadyMailRow, told: Outcome): Promise<void> {
		const { store, clock, log } = this.#parts;
		log.event('ready mail', { [told.type]: 1 });
		if (told.type === 'again' && tries < triesMax) {
			const at = clock.now() + firstPauseMs * 2 ** (tries - 1);
			await store
				.updateTable('ready_mail')
				.set({ state: 'waiting', at })
				.where('recording', '=', recording)
				.execute();
			return;
		}
		await store.deleteFrom('ready_mail').where('recording', '=', recording).execute();
	}
}
