import { randomInt } from 'node:crypto';
import { practiceOf } from '../account/members.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import { sendText } from '../post/text.ts';
import {
	shareCodeMs,
	shareCodesMax,
	shareCodesPerHour,
	shareCodeTries,
	shareHourMs,
} from '../protocol/shares.ts';
import { sameText } from '../random.ts';
import { note, openShare } from './rows.ts';
import { writeCode } from './words.ts';

/** Codes that may be in force at once. */
const codesMax = 10_000;

/** The codes of text messages. They check the phone and are no key: the server makes them. In memory only. */
export class ShareCodes {
	readonly #context: Context;
	readonly #codes: Expiring<{ code: string; tries: number }>;

	constructor(context: Context) {
		this.#context = context;
		const { clock } = context;
		this.#codes = new Expiring({ clock, lifeMs: shareCodeMs, max: codesMax });
	}

	/**
	 * Sends a code; the one before is void. Throws `not-found`, `gone`, `too-many-tries` (without `next` when all were sent),
	 * and `not-ready` when the message could not be handed in.
	 */
	async send(share: string): Promise<void> {
		const { store, config, tries } = this.#context;
		const { mobile, codes } = await openShare(this.#context, store, share);
		if (!config.text || mobile === null) throw new ServerError('not-ready');
		if (codes >= shareCodesMax) throw new ServerError('too-many-tries');
		tries.count(`share code ${share}`, { max: shareCodesPerHour, windowMs: shareHourMs });
		await store.transaction().execute(async (db) => {
			const row = await openShare(this.#context, db, share);
			await db
				.updateTable('shares')
				.set({ codes: row.codes + 1 })
				.where('id', '=', share)
				.execute();
			await note(this.#context, db, row, { act: 'share-code-sent' });
		});
		const code = String(randomInt(1_000_000)).padStart(6, '0');
		const { name: practice } = await practiceOf(store);
		const text = writeCode({ practice, code, minutes: shareCodeMs / 60_000 });
		this.#codes.set(share, { code, tries: 0 });
		const { type } = await sendText(config.text, mobile, text);
		if (type === 'sent') return;
		this.#codes.take(share);
		throw new ServerError('not-ready');
	}

	/** Uses up the code when it is right. Throws `not-ready`, `login-failed` with `next` = tries left, `gone`, `not-found`. */
	async check(share: string, code: string): Promise<void> {
		const { store } = this.#context;
		const row = await openShare(this.#context, store, share);
		const entry = this.#codes.get(share);
		if (!entry) throw new ServerError('not-ready');
		entry.tries += 1;
		const right = sameText(entry.code, code);
		const left = shareCodeTries - entry.tries;
		if (right || left <= 0) this.#codes.take(share);
		const act = right ? 'share-code-right' : 'share-code-wrong';
		await store.transaction().execute((db) => note(this.#context, db, row, { act }));
		if (!right) throw new ServerError('login-failed', { next: left });
	}
}
