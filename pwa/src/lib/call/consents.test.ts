import { expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { ReceiptBook, noticeDigest, signNotice, signReceipt } from '#crypto/consent/consent.ts';
import { createStaffIdentity } from '#crypto/identity/identity.ts';
import { Consents } from './consents.ts';

const session = toBase64url(random(16));
const newKey = async () => (await createStaffIdentity()).identity.signing;
const [host, ines, tom] = await Promise.all([newKey(), newKey(), newKey()]);
const hostKey = host.publicKey;

const words = { practice: 'Practice', host: 'Dr. Maya Okafor', openers: 'Host' };
const noticeFor = (purpose: string) =>
	signNotice({
		host,
		notice: { session, ...words, purpose, recorder: 'device', keptUntil: null },
	});
const [notice, other] = await Promise.all([noticeFor('Supervision'), noticeFor('Teaching')]);

const receipt = async (
	subject: typeof ines,
	n: number,
	type: 'consent' | 'withdrawal' = 'consent',
	to = notice,
) =>
	signReceipt({
		subject,
		receipt: { session, hostKey, type, recorder: 'device', notice: await noticeDigest(to), n },
	});

const person = ({ publicKey }: typeof ines) => ({ key: publicKey, role: 'participant' }) as const;

test('only the newest receipt, signed for this notice, counts as agreed', async () => {
	const receipts = new ReceiptBook(session);
	const ready = vi.fn<() => void>();
	const consents = new Consents({ session, hostKey, knowledge: { receipts, notice } }, ready);
	await expect.poll(() => ready.mock.calls.length).toBe(1);
	const agreed = () => [ines, tom].map((one) => consents.of(person(one)));
	expect(agreed()).toEqual([false, false]);
	await receipts.add(await receipt(ines, 1), await receipt(tom, 1, 'consent', other));
	expect(agreed()).toEqual([true, false]);
	await receipts.add(await receipt(ines, 2, 'withdrawal'));
	await receipts.add(await receipt(ines, 1));
	expect(agreed()).toEqual([false, false]);
	await receipts.add(await receipt(ines, 3));
	expect(agreed()).toEqual([true, false]);
	expect(consents.of({ key: hostKey, role: 'host' })).toBe(null);
});

test('in a session that is not recorded nobody is said to have agreed or not', () => {
	const receipts = new ReceiptBook(session);
	const knowledge = { receipts, notice: null };
	const consents = new Consents({ session, hostKey, knowledge }, vi.fn<() => void>());
	expect(consents.of(person(ines))).toBe(null);
});
