import * as v from 'valibot';
import { type Bytes, sha256, toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import { assert } from '#crypto/errors.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, Moment, bytesText, canonicalText, parseJson } from '#crypto/schema.ts';
import { RecorderKind } from './kind.ts';

const ReceiptSchema = v.strictObject({
	v: v.literal(1),
	session: Id,
	hostKey: bytesText(32),
	recorder: RecorderKind,
	notice: bytesText(32),
	subject: bytesText(32),
	guardianOf: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
	together: v.optional(v.literal(true)),
	signedAs: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
	at: v.optional(Moment),
	n: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
	type: v.picklist(['consent', 'withdrawal']),
});

/** What one person said about being recorded. The last thing said, the highest `n`, holds. */
export interface Receipt {
	readonly session: string;
	/** 32 bytes, of the host who asked. */
	readonly hostKey: Bytes;
	readonly recorder: RecorderKind;
	/** SHA-256 of the notice that was shown. */
	readonly notice: Bytes;
	/** 32 bytes, of the person who signs. */
	readonly subject: Bytes;
	/** The child or person spoken for; the signer, who is seen and heard too, speaks for herself as well. */
	readonly guardianOf?: string | undefined;
	/** Everybody at the signer's device said the same: "I agree, and so does everyone with me". */
	readonly together?: true | undefined;
	/** Her full name as she wrote it, and when: what 42 CFR 2.31(a) asks of a written consent. */
	readonly signedAs?: string | undefined;
	/** Milliseconds since 1970, by her own clock. */
	readonly at?: number | undefined;
	/** 1, 2, 3... per subject and session. */
	readonly n: number;
	readonly type: 'consent' | 'withdrawal';
}

/** A receipt as it travels and is kept. */
export type SignedReceipt = Signed;

/** A receipt whose signature was checked, with the bytes that were. */
export interface VerifiedReceipt extends Receipt {
	readonly signed: SignedReceipt;
}

/** Signs a consent or a withdrawal; `n` is `ReceiptBook.next(subject)`. Throws TypeError when `n` is below 1. */
export async function signReceipt(options: {
	subject: SigningKey;
	receipt: Omit<Receipt, 'subject'>;
}): Promise<SignedReceipt> {
	const { subject, receipt } = options;
	const { session, hostKey, recorder, notice, guardianOf, together, n, type } = receipt;
	const { signedAs, at } = receipt;
	assert(Number.isSafeInteger(n) && n >= 1, 'n is 1 or more');
	const keys = {
		hostKey: toBase64url(hostKey),
		notice: toBase64url(notice),
		subject: toBase64url(subject.publicKey),
	};
	const value = { v: 1, session, recorder, n, type, ...keys };
	return signJson({
		key: subject,
		context: 'sotto/receipt/v1',
		value: {
			...value,
			...(guardianOf !== undefined && { guardianOf }),
			...(together && { together }),
			...(signedAs !== undefined && { signedAs }),
			...(at !== undefined && { at }),
		},
	});
}

/** The receipt, after its signature by its own subject was checked. Throws `bad-encoding` and `bad-signature`. */
export async function verifyReceipt(signed: SignedReceipt): Promise<VerifiedReceipt> {
	// Who signed stands in the text, so it is read before and after; only the second reading counts.
	const { subject } = parseJson(ReceiptSchema, signed.text);
	const { v: _, ...receipt } = await openSigned({
		signed,
		publicKey: subject,
		context: 'sotto/receipt/v1',
		schema: ReceiptSchema,
	});
	return { ...receipt, signed };
}

/**
 * Whether `a` holds rather than `b`, two receipts of one subject: the higher `n`; at the same `n` a withdrawal, and
 * between two consents the one whose text sorts first, so that everybody who has both picks the same.
 */
export function outranks(a: VerifiedReceipt, b: VerifiedReceipt): boolean {
	if (a.n !== b.n) return a.n > b.n;
	if (a.type !== b.type) return a.type === 'withdrawal';
	return a.signed.text < b.signed.text;
}

/** SHA-256 of the canonical JSON array of the consents in force, as texts by subject: 32 bytes, whatever the order given. */
export async function receiptsDigest(receipts: readonly VerifiedReceipt[]): Promise<Bytes> {
	const latest = latestOf(receipts).filter((receipt) => receipt.type === 'consent');
	const texts = latest.map((receipt) => receipt.signed.text);
	return sha256(utf8(canonicalText(texts)));
}

/** The receipt that holds of each subject, sorted by subject. */
export function latestOf(receipts: readonly VerifiedReceipt[]): VerifiedReceipt[] {
	const latest = new Map<string, VerifiedReceipt>();
	for (const receipt of receipts) {
		const subject = toHex(receipt.subject);
		const there = latest.get(subject);
		if (!there || outranks(receipt, there)) latest.set(subject, receipt);
	}
	return Array.from(latest)
		.toSorted(([a], [b]) => (a < b ? -1 : 1))
		.map(([, receipt]) => receipt);
}
