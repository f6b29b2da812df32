import * as v from 'valibot';
import { type Bytes, equal } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';

import { parse } from '#crypto/schema.ts';
import { type SignedReceipt, type VerifiedReceipt, latestOf, verifyReceipt } from './receipt.ts';
import { StatementSchema } from './statement.ts';

/** Most subjects that a book remembers. */
export const subjectsMax = 64;

const BookSchema = v.strictObject({
	session: v.string(),
	receipts: v.pipe(v.array(StatementSchema), v.maxLength(subjectsMax)),
});

/** The book as it is persisted. */
export interface BookJson {
	readonly session: string;
	readonly receipts: readonly SignedReceipt[];
}

/**
 * All that this client ever heard about consent in one session: per subject the receipt with the highest `n`. It never
 * goes back, so an old consent shown again after a withdrawal changes nothing. Persist `toJSON()` whenever it learned.
 */
export class ReceiptBook {
	readonly session: string;
	#receipts: readonly VerifiedReceipt[] = [];

	constructor(session: string) {
		this.session = session;
	}

	/** The book of what `toJSON` gave; every signature is checked again. Throws `bad-encoding` and `bad-signature`. */
	static async open(json: unknown): Promise<ReceiptBook> {
		const { session, receipts } = parse(BookSchema, json);
		const book = new ReceiptBook(session);
		await book.add(...receipts);
		return book;
	}

	/** The receipt that holds of each subject, consents and withdrawals. */
	get receipts(): readonly VerifiedReceipt[] {
		return this.#receipts;
	}

	/** The receipt that holds of one subject. */
	latest(subject: Bytes): VerifiedReceipt | undefined {
		return this.#receipts.find((receipt) => equal(receipt.subject, subject));
	}

	/** The `n` of the next receipt that this subject signs. */
	next(subject: Bytes): number {
		return (this.latest(subject)?.n ?? 0) + 1;
	}

	/**
	 * Learns receipts; gives whether any of them changed what holds. Learns all or none: throws `bad-encoding`,
	 * `bad-signature` also for a receipt of another session, `too-large` above 64 subjects.
	 */
	async add(...signed: readonly SignedReceipt[]): Promise<boolean> {
		return this.learn(await Promise.all(signed.map(verifyReceipt)));
	}

	/** `add` of receipts whose signatures were checked already. Throws as `add` does. */
	learn(receipts: readonly VerifiedReceipt[]): boolean {
		if (receipts.some((receipt) => receipt.session !== this.session))
			throw new CryptoError('bad-signature');
		const after = latestOf([...this.#receipts, ...receipts]);
		if (after.length > subjectsMax) throw new CryptoError('too-large');
		const known = new Set(this.#receipts);
		const changed = after.some((receipt) => !known.has(receipt));
		this.#receipts = after;
		return changed;
	}

	/** What to persist; give it to `ReceiptBook.open` later. */
	toJSON(): BookJson {
		return {
			session: this.session,
			receipts: this.#receipts.map(({ signed: { text, signature } }) => ({ text, signature })),
		};
	}
}
