import { expect, test } from 'vitest';
import { type Bytes, fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { createStaffIdentity, generateParticipantIdentity } from '#crypto/identity/identity.ts';
import { createTrackKey } from '#crypto/track/key.ts';
import { type ShareContent, type SharePlace, openContent, sealContent } from './content.ts';
import { openFromDevice, sealToDevice, shareDigits, signDevice, verifyDevice } from './device.ts';
import { openOwn, sealOwn } from './own.ts';
import { createWords, normaliseWords, wordList } from './words.ts';

const newId = () => toBase64url(random(16));
const place = (): SharePlace => ({
	share: newId(),
	recording: newId(),
	expiresAt: 1_800_000_000_000,
});

function content(): ShareContent {
	const media = { track: newId(), part: 0, bytes: 70_000, key: createTrackKey() };
	return {
		v: 1,
		title: 'Tuesday',
		practice: 'Riverside Therapy',
		startedAt: 1_799_999_000_000,
		durationMs: 60_000,
		people: [{ name: 'Dana', role: 'participant', startMs: 0, durationMs: 60_000, media }],
		gaps: [{ from: 10, to: 20, why: 'paused' }],
		checked: null,
		ending: 'complete',
		part2: {
			consent: {
				program: 'Riverside Recovery',
				what: 'Sound and picture of this visit',
				to: 'Rosa Whitfield',
				revoke: 'In writing',
				ends: 'When the recording is deleted',
				care: false,
				refusal: 'The visit takes place all the same',
			},
			signed: [{ name: 'Dana Whitfield', at: 1_799_998_000_000 }],
		},
	};
}

const refusal = async (call: Promise<unknown>): Promise<string> =>
	call.then(
		() => 'opened',
		(error: unknown) => (error instanceof Error ? error.message : 'thrown'),
	);

test('no word of the list begins another, so five written together are told apart', async () => {
	const list = await wordList();
	expect(list.length).toBe(7772);
	const known = new Set(list);
	expect(known.size).toBe(list.length);
	const beginning = list.filter((word) =>
		Array.from({ length: word.length - 1 }, (_, at) => word.slice(0, at + 1)).some((start) =>
			known.has(start),
		),
	);
	expect(beginning).toEqual([]);
});

test('five words are read however they are typed, and nothing else is', async () => {
	for (let n = 0; n < 50; n++) {
		const words = await createWords();
		expect(words.split(' ').length).toBe(5);
		const typed = [
			words.toUpperCase(),
			words.replaceAll(' ', '-'),
			words.replaceAll(' ', ''),
			` ${words.replaceAll(' ', ' ,\n')}. `,
		];
		for (const one of typed) expect(await normaliseWords(one)).toBe(words);
	}
	const four = (await createWords()).split(' ').slice(1).join(' ');
	for (const bad of [
		'',
		four,
		`${four} zzzzz`,
		`${await createWords()} abacus`,
		'ābacus '.repeat(5),
	])
		expect(await refusal(normaliseWords(bad))).toBe('wrong-password');
});

test('each word is as likely as any other', async () => {
	const list = await wordList();
	const halves = [0, 0];
	const middle = list[list.length / 2] ?? '';
	for (let n = 0; n < 400; n++)
		for (const word of (await createWords()).split(' ')) {
			const half = word < middle ? 0 : 1;
			halves[half] = (halves[half] ?? 0) + 1;
		}
	// 2,000 throws of a coin are within six standard deviations of the middle.
	expect(Math.abs((halves[0] ?? 0) - 1000)).toBeLessThan(135);
});

test.each([
	['words', 64],
	['link', 16],
] as const)(
	'a content sealed for %s opens with its secret, in its place, and in no other',
	async (way, length) => {
		const [at, secret, shared] = [place(), random(length), content()];
		const sealed = await sealContent({ ...at, way, secret, content: shared });
		expect(await openContent({ ...at, way, secret, sealed })).toEqual(shared);
		const other = way === 'words' ? 'link' : 'words';
		const opened = (change: object) =>
			refusal(openContent({ ...at, way, secret, sealed, ...change }));
		expect(await opened({ secret: random(length) })).toBe('open-failed');
		expect(await opened({ share: newId() })).toBe('open-failed');
		expect(await opened({ recording: newId() })).toBe('open-failed');
		expect(await opened({ expiresAt: at.expiresAt + 1 })).toBe('open-failed');
		expect(await opened({ way: other, secret: random(length === 64 ? 16 : 64) })).toBe(
			'open-failed',
		);
		expect(await opened({ secret: random(32) })).toBe('bad-key');
		const altered = sealed.slice();
		altered[100] = (altered[100] ?? 0) ^ 1;
		expect(await opened({ sealed: altered })).toBe('open-failed');
	},
);

test('the length of a content says nothing about a name', async () => {
	const [at, secret, short] = [place(), random(16), content()];
	const long = {
		...short,
		people: short.people.map((one) => ({ ...one, name: 'Dana Whitfield' })),
	};
	const bytes = async (one: ShareContent): Promise<number> =>
		(await sealContent({ ...at, way: 'link', secret, content: one })).length;
	expect(await bytes(long)).toBe(await bytes(short));
});

test('a content sealed to a device opens there alone, and only as its sharer signed it', async () => {
	const [device, other] = await Promise.all([
		generateParticipantIdentity(),
		generateParticipantIdentity(),
	]);
	const { identity: sharer } = await createStaffIdentity();
	const [at, shared] = [place(), content()];
	const sealed = await sealToDevice({
		...at,
		device: device.publicIdentity,
		sharer: sharer.signing,
		content: shared,
	});
	const sharerKey = sharer.publicIdentity.ed25519;
	expect(await openFromDevice({ ...at, identity: device, sharerKey, sealed })).toEqual(shared);
	const opened = (change: object) =>
		refusal(openFromDevice({ ...at, identity: device, sharerKey, sealed, ...change }));
	expect(await opened({ identity: other })).toBe('open-failed');
	expect(await opened({ share: newId() })).toBe('open-failed');
	expect(await opened({ recording: newId() })).toBe('open-failed');
	expect(await opened({ expiresAt: 0 })).toBe('open-failed');
	expect(await opened({ sharerKey: other.publicIdentity.ed25519 })).toBe('bad-signature');
	// Somebody who knows the device's public key can seal to it, but not as the sharer.
	const forged = await sealToDevice({
		...at,
		device: device.publicIdentity,
		sharer: other.signing,
		content: shared,
	});
	expect(await opened({ sealed: forged })).toBe('bad-signature');
});

test('the digits are the same on both sides, and others for another share, sharer or device', async () => {
	const [device, other] = await Promise.all([
		generateParticipantIdentity(),
		generateParticipantIdentity(),
	]);
	const [share, sharerKey] = [newId(), random(32)];
	const of = (change: object) =>
		shareDigits({ share, sharerKey, device: device.publicIdentity, ...change });
	const digits = await of({});
	expect(digits).toMatch(/^(\d{5} ){5}\d{5}$/);
	expect(await of({})).toBe(digits);
	for (const change of [
		{ share: newId() },
		{ sharerKey: random(32) },
		{ device: other.publicIdentity },
		{ device: { ...device.publicIdentity, x25519: other.publicIdentity.x25519 } },
	])
		expect(await of(change)).not.toBe(digits);
});

test('a device asks for one share with its own key', async () => {
	const device = await generateParticipantIdentity();
	const { x25519 } = (await generateParticipantIdentity()).publicIdentity;
	const share = newId();
	const signature = await signDevice({ share, identity: device });
	const identity = device.publicIdentity;
	expect(await verifyDevice({ share, identity, signature })).toBe(true);
	expect(await verifyDevice({ share: newId(), identity, signature })).toBe(false);
	expect(await verifyDevice({ share, identity: { ...identity, x25519 }, signature })).toBe(false);
});

test('what a sharer keeps is for her alone, and only as she signed it', async () => {
	const [mine, theirs] = await Promise.all([createStaffIdentity(), createStaffIdentity()]);
	const at = place();
	const { identity } = mine;
	const own = { tracks: [newId()], words: await createWords(), secret: random(16) };
	const sealed: Bytes = await sealOwn({ ...at, identity, own });
	expect(await openOwn({ ...at, identity, sealed })).toEqual(own);
	const opened = (change: object) => refusal(openOwn({ ...at, identity, sealed, ...change }));
	expect(await opened({ identity: theirs.identity })).toBe('open-failed');
	expect(await opened({ share: newId() })).toBe('open-failed');
	expect(await opened({ recording: newId() })).toBe('bad-signature');
	expect(await opened({ expiresAt: at.expiresAt + 1 })).toBe('bad-signature');
	// Anybody can seal to her: a server that says that she gives more has not her signature.
	const { signing } = theirs.identity;
	const forged = await sealOwn({ ...at, identity: { ...identity, signing }, own });
	expect(await opened({ sealed: forged })).toBe('bad-signature');
	expect(fromBase64url(toBase64url(own.secret))).toEqual(own.secret);
});
