import { beforeAll, expect, test } from 'vitest';
import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import type { XWingSeed } from '#crypto/seal/xwing.ts';
import {
	type AskingBrowser,
	type Handed,
	type Meeting,
	askAs,
	commitmentTo,
	isCommitted,
	letBrowserIn,
	meetingDigits,
	newNonce,
	openHanded,
} from './browser.ts';
import { createAccountKey } from './key.ts';

const newId = () => toBase64url(random(16));
const device = (): Bytes => random(32);

let key: SigningKey;
let asking: AskingBrowser;
let seed: XWingSeed;
let meeting: Meeting;
const handed: Handed = {
	accountKey: createAccountKey(),
	practiceKey: random(32),
	serverKey: 'the key of the server',
	list: { version: 7, hash: random(32) },
};

beforeAll(async () => {
	key = await generateSigningKey();
	({ asking, seed } = await askAs({ publicKey: device(), name: 'Firefox, Linux' }));
	const open = { practice: newId(), member: newId(), identity: key.publicKey, nonce: newNonce() };
	meeting = { request: newId(), code: '7K2QM9RV', asking, open };
});

test('a browser opens what was handed over to it in this meeting', async () => {
	expect(
		await openHanded({ meeting, seed, ...(await letBrowserIn({ meeting, key, handed })) }),
	).toEqual(handed);
});

test('whatever one of two browsers was told otherwise, the digits differ', async () => {
	const other = await askAs(asking);
	const same = await meetingDigits(meeting);
	expect(same).toMatch(/^\d{3} \d{3} \d{3}$/);
	expect(await meetingDigits({ ...meeting })).toBe(same);
	const { open } = meeting;
	const told: Meeting[] = [
		{ ...meeting, request: newId() },
		{ ...meeting, code: '7K2QM9RW' },
		{ ...meeting, asking: { ...asking, xwing: other.asking.xwing } },
		{ ...meeting, asking: { ...asking, publicKey: device() } },
		{ ...meeting, asking: { ...asking, name: 'Firefox, Windows' } },
		{ ...meeting, asking: { ...asking, nonce: newNonce() } },
		{ ...meeting, open: { ...open, practice: newId() } },
		{ ...meeting, open: { ...open, member: newId() } },
		{ ...meeting, open: { ...open, identity: device() } },
		{ ...meeting, open: { ...open, nonce: newNonce() } },
	];
	const digits = await Promise.all(told.map((one) => meetingDigits(one)));
	expect(new Set([same, ...digits]).size).toBe(told.length + 1);
	const { sealed, signed } = await letBrowserIn({ meeting, key, handed });
	for (const one of told)
		await expect(openHanded({ meeting: one, seed, sealed, signed })).rejects.toThrow(
			'bad-signature',
		);
});

test('who committed to one key cannot show another', async () => {
	const commitment = await commitmentTo(asking);
	expect(await isCommitted(asking, commitment)).toBe(true);
	const other = await askAs(asking);
	for (const swapped of [
		other.asking,
		{ ...asking, xwing: other.asking.xwing },
		{ ...asking, nonce: other.asking.nonce },
		{ ...asking, publicKey: device() },
		{ ...asking, name: 'Safari' },
	])
		expect(await isCommitted(swapped, commitment)).toBe(false);
	const long = { ...asking, nonce: random(33) };
	await expect(isCommitted(long, commitment)).rejects.toThrow('bad-key');
});

test('what was handed over in an earlier meeting, to another key or by somebody else is refused', async () => {
	const mine = await letBrowserIn({ meeting, key, handed });
	const again = { ...meeting, open: { ...meeting.open, nonce: newNonce() } };
	const later = await letBrowserIn({ meeting: again, key, handed });
	const stranger = await letBrowserIn({ meeting, key: await generateSigningKey(), handed });
	const other = await askAs(asking);
	const open = (given: typeof mine) => openHanded({ meeting, seed, ...given });
	await expect(open(later)).rejects.toThrow('bad-signature');
	await expect(open(stranger)).rejects.toThrow('bad-signature');
	// The member's word of this meeting with what somebody else sealed, which anybody can.
	await expect(open({ ...mine, sealed: stranger.sealed })).rejects.toThrow('bad-signature');
	await expect(openHanded({ meeting, seed: other.seed, ...mine })).rejects.toThrow('open-failed');
});
