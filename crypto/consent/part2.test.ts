import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import {
	isPart2,
	missingReceipts,
	signNotice,
	signReceipt,
	verifyNotice,
	verifyReceipt,
} from './consent.ts';

const session = toBase64url(random(16));
const part2 = {
	program: 'Alder Street Recovery',
	what: 'Sound and picture of this visit',
	to: 'Dr. Ines Becker',
	revoke: 'In writing, to the practice',
	ends: 'When the supervision ends',
	care: false,
	refusal: 'The visit takes place all the same',
};
const text = {
	session,
	practice: 'Alder Street',
	host: 'Dr. Host',
	purpose: 'Supervision',
	recorder: 'device' as const,
	openers: 'The practice',
	keptUntil: null,
};

test('a notice says that 42 CFR Part 2 holds, with every element; one without it reads as before', async () => {
	const host = await generateSigningKey();
	const { publicKey: hostKey } = host;
	const signed = await signNotice({ host, notice: { ...text, part2 } });
	expect(await verifyNotice({ signed, hostKey, session })).toMatchObject({ part2 });
	const plain = await signNotice({ host, notice: text });
	expect(await verifyNotice({ signed: plain, hostKey, session })).not.toHaveProperty('part2');
	expect([isPart2(signed), isPart2(plain), isPart2({ text: '{' })]).toEqual([true, false, false]);
	for (const name of Object.keys(part2)) {
		const elements: Record<string, string | boolean> = { ...part2 };
		delete elements[name];
		const value = { v: 1, ...text, hostKey: toBase64url(hostKey), part2: elements };
		const lacking = await signJson({ key: host, context: 'sotto/notice/v1', value });
		await expect(verifyNotice({ signed: lacking, hostKey, session })).rejects.toThrow(
			'bad-encoding',
		);
	}
});

test('such a consent is one with name and date; the host, who is no patient, signs as ever', async () => {
	const [host, dana] = [await generateSigningKey(), await generateSigningKey()];
	const notice = random(32);
	const asked = { session, hostKey: host.publicKey, recorder: 'device' as const, notice };
	const say = async (subject: typeof dana, more: object = {}) =>
		verifyReceipt(
			await signReceipt({ subject, receipt: { ...asked, n: 1, type: 'consent', ...more } }),
		);
	const reasons = async (part2Asked: boolean, more: object) =>
		missingReceipts({
			people: [host.publicKey, dana.publicKey],
			receipts: [await say(host), await say(dana, more)],
			asked: { ...asked, part2: part2Asked },
		}).map(({ reason }) => reason);
	const named = { signedAs: 'Dana Whitfield', at: 1_800_000_000_000 };
	expect(await say(dana, named)).toMatchObject(named);
	expect(await reasons(true, named)).toEqual([]);
	expect(await reasons(false, {})).toEqual([]);
	for (const lacking of [{}, { signedAs: named.signedAs }, { at: named.at }])
		expect(await reasons(true, lacking)).toEqual(['receipt-other-notice']);
});
