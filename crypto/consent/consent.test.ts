import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { random, toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import {
	type Receipt,
	ReceiptBook,
	latestOf,
	missingReceipts,
	noticeDigest,
	receiptsDigest,
	signNotice,
	signReceipt,
	verifyNotice,
	verifyReceipt,
} from './consent.ts';

const session = toBase64url(random(16));
const hostKey = random(32);
const notice = random(32);
const asked = { session, hostKey, recorder: 'device' as const, notice };

function say(subject: SigningKey, change: Partial<Receipt> = {}) {
	const receipt = { ...asked, n: 1, type: 'consent' as const, ...change };
	return signReceipt({ subject, receipt });
}

const noticeText = {
	session,
	practice: 'Practice',
	host: 'Dr. Host',
	purpose: 'Supervision',
	recorder: 'device' as const,
	openers: 'The practice',
	keptUntil: 1_800_000_000_000,
};

test('a notice is the host’s, for one session, and every letter of it counts', async () => {
	const host = await generateSigningKey();
	const signed = await signNotice({ host, notice: noticeText });
	const { publicKey } = host;
	const read = await verifyNotice({ signed, hostKey: publicKey, session });
	expect(read).toEqual({ ...noticeText, hostKey: publicKey });
	expect(await noticeDigest(signed)).toHaveLength(32);
	const other = await signNotice({ host, notice: { ...noticeText, purpose: 'Research' } });
	expect(toHex(await noticeDigest(other))).not.toBe(toHex(await noticeDigest(signed)));
	const altered = { ...signed, text: signed.text.replace('Supervision', 'Research') };
	const elsewhere = toBase64url(random(16));
	const bad = 'bad-signature';
	await expect(verifyNotice({ signed: altered, hostKey: publicKey, session })).rejects.toThrow(bad);
	await expect(verifyNotice({ signed, hostKey: random(32), session })).rejects.toThrow(bad);
	await expect(verifyNotice({ signed, hostKey: publicKey, session: elsewhere })).rejects.toThrow(
		bad,
	);
});

test('a notice in the name of another host is refused, whoever signs it', async () => {
	const host = await generateSigningKey();
	const value = { v: 1, ...noticeText, hostKey: toBase64url(random(32)) };
	const signed = await signJson({ key: host, context: 'sotto/notice/v1', value });
	const reading = verifyNotice({ signed, hostKey: host.publicKey, session });
	await expect(reading).rejects.toThrow('bad-signature');
});

test('a book has room for sixty-four subjects', async () => {
	const book = new ReceiptBook(session);
	const crowd = await Promise.all(Array.from({ length: 65 }, generateSigningKey));
	const said = await Promise.all(crowd.map((one) => say(one)));
	await book.add(...said.slice(1));
	await expect(book.add(...said)).rejects.toThrow('too-large');
	expect(book.receipts).toHaveLength(64);
});

test('a receipt says who consented to what, and by her own hand', async () => {
	const ann = await generateSigningKey();
	const signed = await say(ann, { guardianOf: 'Tim', together: true, n: 4 });
	const receipt = await verifyReceipt(signed);
	const said = {
		...asked,
		subject: ann.publicKey,
		guardianOf: 'Tim',
		together: true,
		n: 4,
		type: 'consent',
	};
	expect(receipt).toEqual({ ...said, signed });
	const altered = { ...signed, text: signed.text.replace('consent', 'withdrawal') };
	await expect(verifyReceipt(altered)).rejects.toThrow('bad-signature');
	await expect(say(ann, { n: 0 })).rejects.toThrow(TypeError);
});

test('any text is refused with a code', async () => {
	const ann = await generateSigningKey();
	const value = fc.jsonValue();
	await fc.assert(
		fc.asyncProperty(
			fc.oneof(
				fc.string(),
				value.map((one) => JSON.stringify(one)),
			),
			async (text) => {
				const attempt = verifyReceipt({ text, signature: 'A'.repeat(86) });
				await expect(attempt).rejects.toThrow(/^bad-/);
				await expect(ReceiptBook.open(text)).rejects.toThrow('bad-encoding');
			},
		),
	);
	const extra = { key: ann, context: 'sotto/receipt/v1' as const };
	const good = JSON.parse((await say(ann)).text);
	for (const bad of [
		{ ...good, more: 1 },
		{ ...good, v: 2 },
		{ ...good, n: 1.5 },
		{ ...good, n: '1' },
	])
		await expect(verifyReceipt(await signJson({ ...extra, value: bad }))).rejects.toThrow(
			'bad-encoding',
		);
	await fc.assert(
		fc.asyncProperty(value, async (json) => {
			await expect(ReceiptBook.open(json)).rejects.toThrow('bad-encoding');
		}),
	);
});

test('the book goes forward only, in whatever order it hears', async () => {
	const ann = await generateSigningKey();
	const story = await Promise.all(
		[1, 2, 3, 4, 5].map((n) => say(ann, { n, type: n % 2 === 0 ? 'withdrawal' : 'consent' })),
	);
	await fc.assert(
		fc.asyncProperty(fc.shuffledSubarray(story, { minLength: 1 }), async (heard) => {
			const book = new ReceiptBook(session);
			for (const one of heard) await book.add(one);
			const highest = Math.max(...heard.map((one) => story.indexOf(one) + 1));
			expect(book.latest(ann.publicKey)?.n).toBe(highest);
			expect(book.next(ann.publicKey)).toBe(highest + 1);
			const again = await ReceiptBook.open(JSON.parse(JSON.stringify(book)));
			expect(again.receipts).toEqual(book.receipts);
			expect(await book.add(...heard)).toBe(false);
		}),
		{ numRuns: 30 },
	);
});

test('at the same number a withdrawal holds, whoever is heard first', async () => {
	const ann = await generateSigningKey();
	const consent = await say(ann, { n: 7 });
	const withdrawal = await say(ann, { n: 7, type: 'withdrawal' });
	for (const heard of [
		[consent, withdrawal],
		[withdrawal, consent],
	]) {
		const book = new ReceiptBook(session);
		for (const one of heard) await book.add(one);
		expect(book.latest(ann.publicKey)?.type).toBe('withdrawal');
	}
	// Two consents of one number: everybody keeps the same one.
	const other = await say(ann, { n: 7, notice: random(32) });
	const [a, b] = [await verifyReceipt(consent), await verifyReceipt(other)];
	expect(latestOf([a, b])).toEqual(latestOf([b, a]));
});

test('a book takes all or nothing, and nothing of another session', async () => {
	const ann = await generateSigningKey();
	const book = new ReceiptBook(session);
	const replayed = await say(ann, { session: toBase64url(random(16)) });
	await expect(book.add(await say(ann), replayed)).rejects.toThrow('bad-signature');
	expect(book.receipts).toEqual([]);
	expect(book.next(ann.publicKey)).toBe(1);
});

async function digest(...receipts: Parameters<typeof receiptsDigest>[0]): Promise<string> {
	return toHex(await receiptsDigest(receipts));
}

test('the digest is over the consents in force, in any order', async () => {
	const [ann, ben] = [await generateSigningKey(), await generateSigningKey()];
	const one = await verifyReceipt(await say(ann));
	const two = await verifyReceipt(await say(ben));
	const gone = await verifyReceipt(await say(ben, { n: 2, type: 'withdrawal' }));
	expect(await digest(one, two)).toBe(await digest(two, one));
	expect(await digest(one, two)).not.toBe(await digest(one));
	expect(await digest(one, two, gone)).toBe(await digest(one));
	expect(await digest()).toBe(
		toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8('[]')))),
	);
});

test('who has not consented to exactly this is named with the reason', async () => {
	const [ann, ben, cem] = await Promise.all([1, 2, 3].map(generateSigningKey));
	if (!ann || !ben || !cem) throw new Error('nobody');
	const receipts = await Promise.all([say(ann), say(ben, { type: 'withdrawal' })]);
	const people = [ann, ben, cem].map((one) => one.publicKey);
	const verified = await Promise.all(receipts.map(verifyReceipt));
	const missing = (change: Partial<typeof asked>) =>
		missingReceipts({ people, receipts: verified, asked: { ...asked, ...change } }).map(
			({ reason }) => reason,
		);
	const rest = ['receipt-withdrawn', 'receipt-missing'];
	expect(missing({})).toEqual(rest);
	expect(missing({ notice: random(32) })).toEqual(['receipt-other-notice', ...rest]);
	expect(missing({ hostKey: random(32) })).toEqual(['receipt-other-host', ...rest]);
});
