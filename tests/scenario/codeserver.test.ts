import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bytes, random, toBase64url, toHex } from '#crypto/bytes.ts';
import { type AccessCode, CodeAnswer, CodeAttempt, createCodeSecret } from '#crypto/cpace/code.ts';
import { CryptoError } from '#crypto/errors.ts';
import { PackageStore } from '#crypto/group/group.ts';
import {
	type Identity,
	createStaffIdentity,
	decodePublicIdentity,
	encodePublicIdentity,
	fingerprint,
	generateParticipantIdentity,
} from '#crypto/identity/identity.ts';
import { createLinkSecret, linkProof } from '#crypto/proof/proof.ts';
import { safetyDigits } from '#crypto/safety/digits.ts';
import { type KnockText, openKnock, sealKnock } from '#lib/call/knock.ts';
import { Pins } from '#lib/call/pins.ts';
import { provenHost, provenLevel } from '#lib/call/proven.ts';
import { confirmedHost, rememberHost } from '#lib/code/confirmed.ts';
import { browserShelf } from '#lib/code/shelf.ts';
import { CodePage, type Guest, enterCode, guest } from '../code.ts';
import { FakeCall } from '../fake/call.ts';
import { type LocalServer, localPractice } from '../local.ts';
import type { Staff } from '../staff.ts';
import { newId } from '../wire.ts';

// A server that puts keys of its own in the place of others', at each trust label. It has every byte that
// goes through it, answers what it likes, and knows no secret of a link, no digits and no voice.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

/** IndexedDB of one browser. */
const disk = vi.hoisted(() => {
	vi.stubGlobal('location', new URL('https://practice.example/'));
	return new Map<string, unknown>();
});
vi.mock('idb-keyval', () => ({
	createStore: () => undefined,
	get: async (name: string) => disk.get(name),
	set: async (name: string, value: unknown) => void disk.set(name, value),
	del: async (name: string) => void disk.delete(name),
	keys: async () => [...disk.keys()],
	entries: async () => [...disk],
	update: async (name: string, change: (before: unknown) => unknown) =>
		void disk.set(name, change(disk.get(name))),
}));

const session = newId();
const place = newId();
const text: KnockText = { name: 'Dana', receipt: null, agreed: null };

async function packageOf({ signing }: Identity): Promise<Bytes> {
	const store = new PackageStore({ signing, session, clock: Date.now });
	const [keyPackage] = await store.make(1);
	if (!keyPackage) throw new Error('one package');
	return keyPackage;
}

let host: Identity;
let dana: Identity;
let eve: Identity;
beforeEach(async () => {
	disk.clear();
	host = (await createStaffIdentity()).identity;
	[dana, eve] = [await generateParticipantIdentity(), await generateParticipantIdentity()];
});
const keyOf = (one: Identity): Bytes => one.publicIdentity.ed25519;

/** The knock of somebody, as it reaches the host. */
async function knockOf(
	who: Identity,
	secret: ReturnType<typeof createLinkSecret> | null,
): Promise<{ keyPackage: string; sealed: string; proof: string | null }> {
	const keyPackage = await packageOf(who);
	const to = { session, place, keyPackage, host: host.publicIdentity };
	return { keyPackage: toBase64url(keyPackage), ...(await sealKnock({ ...to, secret, text })) };
}

describe('label 1, the private link', () => {
	const secret = createLinkSecret();
	const opened = (knock: Awaited<ReturnType<typeof knockOf>>) =>
		openKnock({ identity: host, session, place, secret, knock });

	test('her own package is proven, and another in its place is not, whatever proof comes with it', async () => {
		const hers = await knockOf(dana, secret);
		expect(await opened(hers)).toMatchObject({ proven: true });
		const forged = await knockOf(eve, null);
		// Swapped in her own knock, what she sealed does not open.
		await expect(opened({ ...hers, keyPackage: forged.keyPackage })).rejects.toThrow(CryptoError);
		const guessed = await linkProof({
			secret: createLinkSecret(),
			session,
			place,
			keyPackage: await packageOf(eve),
		});
		for (const proof of [null, hers.proof, toBase64url(guessed), toBase64url(random(32))]) {
			const { key, proven } = await opened({ ...forged, proof });
			expect(proven).toBe(false);
			const pins = await Pins.open('maya', session);
			expect(pins.label(key, 'Dana', provenLevel({ coded: false, linked: proven }))).toEqual({
				level: 0,
			});
		}
	});

	test('she follows it to the keys that it names, and to no others', async () => {
		const [mark, eves] = await Promise.all([
			fingerprint(host.publicIdentity),
			fingerprint(eve.publicIdentity),
		]);
		expect(provenHost({ mark, linked: mark, coded: undefined })).toBe(1);
		expect(provenHost({ mark: eves, linked: mark, coded: undefined })).toBeUndefined();
		expect(provenHost({ mark: eves, linked: mark, coded: toBase64url(eves) })).toBeUndefined();
		expect(provenHost({ mark: eves, linked: undefined, coded: undefined })).toBe(0);
	});
});

let local: LocalServer & { maya: Staff };
let page: CodePage;
let code: AccessCode;
let where: { session: string; place: string };
let from = 0;

/** A practice whose host shows a code in each test. */
function servers(): void {
	beforeAll(async () => {
		local = await localPractice({ env: { TRUST_PROXY: '1' } });
	});
	afterAll(() => local.stop());
	beforeEach(async () => {
		const { id, places } = await local.maya.session();
		where = { session: id, place: places[0] ?? '' };
		page = await CodePage.open(local.maya, where.place);
		code = await page.show(where);
	});
	afterEach(() => page.line.close());
}

const plain = (one: Identity) => {
	const { ed25519, x25519 } = encodePublicIdentity(one.publicIdentity);
	return { ed25519, x25519 };
};
const at = (options: Parameters<typeof guest>[1] = {}): Promise<Guest> =>
	guest(local.address, { from: `10.9.${++from}.1`, ...options });
/** The same message with other fields; messages without them stay as they are. */
const swap =
	(field: string, value: unknown) =>
	(message: unknown): unknown =>
		typeof message === 'object' && message !== null && field in message
			? { ...message, [field]: value }
			: message;
const confirmed = () => page.shelf.confirmed(where.place);

describe('label 2, the access code, with keys swapped', () => {
	servers();

	test('with an honest server both get the right keys', async () => {
		const one = await at();
		expect(await enterCode(one, code)).toMatchObject({ state: 'in', place: where.place });
		expect(await confirmed()).toEqual([toHex(one.identity.publicIdentity.ed25519)]);
	});

	test('other keys in place of the host’s are caught by her', async () => {
		const one = await at({ forged: swap('host', plain(eve)) });
		expect(await enterCode(one, code)).toMatchObject({ state: 'wrong' });
		expect(await confirmed()).toEqual([]);
	});

	test('other keys in place of hers are caught by both', async () => {
		const one = await at({ forging: swap('identity', plain(eve)) });
		expect(await enterCode(one, code)).toMatchObject({ state: 'wrong' });
		expect(await confirmed()).toEqual([]);
	});

	test('shares, nonces, tags and the place cannot be changed on the way', async () => {
		const other = new CodeAttempt({
			code,
			hostNonce: random(16),
			nonce: random(16),
			host: host.publicIdentity,
			participant: dana.publicIdentity,
		});
		const share = toBase64url(other.share);
		for (const change of [
			{ forging: swap('share', share) },
			{ forging: swap('nonce', newId()) },
			{ forged: swap('nonce', newId()) },
			{ forged: swap('share', share) },
			{ forging: swap('tag', toBase64url(random(64))) },
			{ forged: swap('sealed', toBase64url(random(60))) },
		]) {
			code = await page.show(where);
			const before = (await confirmed()).length;
			const outcome = await enterCode(await at(change), code).catch((error: unknown) => error);
			expect(outcome).not.toMatchObject({ state: 'in' });
			// Only the place was changed: then her keys were right, and she has no place to go to.
			expect((await confirmed()).length - before).toBe(
				'forged' in change && outcome instanceof CryptoError ? 1 : 0,
			);
		}
	});
});

describe('label 2, the access code, guessed', () => {
	servers();

	test('a server in the middle has one guess a try on each side, and the tries are three', async () => {
		/** What it can do with a guess: be the host to her. */
		const guesses: { asked: number; tags: unknown[] } = { asked: 0, tags: [] };
		const one = await at();
		const hostNonce = random(16);
		const eves = async (share: Bytes, nonce: Bytes) => {
			guesses.asked++;
			const secret = createCodeSecret();
			const guess = { ...code, secret: secret === code.secret ? '000000' : secret };
			const both = { host: eve.publicIdentity, participant: one.identity.publicIdentity };
			return new CodeAnswer({ code: guess, hostNonce, nonce, ...both }, share);
		};
		const bytes = (value: string) => new Uint8Array(Buffer.from(value, 'base64url'));
		const lying: Guest['door'] = {
			...one.door,
			route: async () => ({
				state: 'open',
				try: newId(),
				nonce: toBase64url(hostNonce),
				host: plain(eve),
			}),
			ask: async (_name, question) => {
				// After a wrong guess she says nothing that could be tested.
				if (question.step === 'tag') {
					guesses.tags.push(question.tag);
					return { step: 'no', why: 'wrong' };
				}
				const answer = await eves(bytes(question.share), bytes(question.nonce));
				const [share, tag] = [toBase64url(answer.share), toBase64url(answer.tag)];
				return { step: 'share', share, tag, left: 99 };
			},
		};
		for (let tries = 0; tries < 6; tries++)
			expect((await enterCode({ ...one, door: lying }, code)).state).toMatch(/wrong|burnt/);
		expect(guesses).toEqual({ asked: 3, tags: [null, null, null] });
	});

	test('a key that was not confirmed is at label 0, and the server can raise nothing', async () => {
		const one = await at();
		await enterCode(one, code);
		const known = await confirmed();
		const knock = await knockOf(eve, null);
		const secret = createLinkSecret();
		const { key, proven } = await openKnock({ identity: host, session, place, secret, knock });
		const level = provenLevel({ coded: known.includes(toHex(key)), linked: proven });
		expect((await Pins.open('maya', session)).label(key, 'Dana', level)).toEqual({ level: 0 });
	});

	test('afterwards she takes no other keys for the host’s at this place', async () => {
		const one = await at();
		const outcome = await enterCode(one, code);
		if (outcome.state !== 'in') throw new Error('in');
		const mark = await fingerprint(outcome.host);
		await rememberHost(outcome.place, toBase64url(mark));
		const coded = await confirmedHost(outcome.place);
		expect(provenHost({ mark, linked: undefined, coded })).toBe(2);
		const eves = await fingerprint(eve.publicIdentity);
		expect(provenHost({ mark: eves, linked: undefined, coded })).toBeUndefined();
		expect(provenHost({ mark: eves, linked: eves, coded })).toBeUndefined();
	});
});

describe('label 2, remembered', () => {
	/** What this browser says of who knocks at a place, right after it was loaded. */
	async function labelAt(one: Identity, of: { session: string; place: string }) {
		const knock = await knockOf(one, null);
		const secret = createLinkSecret();
		const opened = await openKnock({ identity: host, session, place, secret, knock });
		const known = await browserShelf('maya').confirmed(of.place);
		const coded = known.includes(toHex(opened.key));
		const proven = provenLevel({ coded, linked: opened.proven });
		return (await Pins.open('maya', of.session)).label(opened.key, 'Dana', proven);
	}

	test('it holds on this browser of the host in the session, and falls on another one', async () => {
		const here = { session, place };
		expect(await labelAt(dana, here)).toEqual({ level: 0 });
		await browserShelf('maya').confirm(place, toHex(keyOf(dana)));
		expect(await labelAt(dana, here)).toEqual({ level: 2 });
		// In the call she is met: after a reload, or when she connects again, it still says what was proven.
		await (await Pins.open('maya', session)).met(keyOf(dana), 'Dana');
		expect(await labelAt(dana, here)).toEqual({ level: 2 });
		expect(await labelAt(eve, here)).toEqual({ level: 0 });
		// The next session was not proven; this browser knows hers from before.
		expect(await labelAt(dana, { session: newId(), place: newId() })).toMatchObject({ level: 3 });
		// Another member on this browser, and another device, know nothing of it.
		expect(await browserShelf('lena').confirmed(place)).toEqual([]);
		disk.clear();
		expect(await labelAt(dana, here)).toEqual({ level: 0 });
	});
});

describe('label 2, the access code, said again', () => {
	servers();

	test('the transcript of a good try, said again, opens nothing', async () => {
		const one = await at();
		await enterCode(one, code);
		const [, share, tag] = one.transcript;
		code = await page.show(where);
		const again = await at({
			forging: (body) =>
				typeof body === 'object' && body !== null && 'step' in body
					? body.step === 'share'
						? share?.sent
						: tag?.sent
					: body,
		});
		const outcome = await enterCode(again, code);
		expect(outcome).not.toMatchObject({ state: 'in' });
		expect(await confirmed()).toEqual([toHex(one.identity.publicIdentity.ed25519)]);
	});

	test('the keys that the host answers with are those that the place shows', async () => {
		const one = await at();
		const route = await one.door.route(code.nameplate);
		if (route.state !== 'open') throw new Error('open');
		const { address } = local;
		const shown = await (await fetch(`${address}/api/places/${where.place}`)).json();
		expect(decodePublicIdentity(route.host)).toEqual(
			decodePublicIdentity(shown.host.publicIdentity),
		);
	});
});

describe('label 3, the same browser as before', () => {
	test('another key under her name has not been met, and is said to have changed', async () => {
		const first = await Pins.open('maya', newId());
		await first.met(keyOf(dana), 'Dana');
		const pins = await Pins.open('maya', session);
		expect(pins.label(keyOf(dana), 'Dana', 0).level).toBe(3);
		expect(pins.label(keyOf(eve), 'Dana', 0)).toEqual({ level: 0 });
		expect(pins.changed(keyOf(eve), 'Dana')).toBe(true);
		expect(pins.changed(keyOf(dana), 'Dana')).toBe(false);
	});
});

describe('label 4, compared by voice', () => {
	test('with other keys in between the numbers differ, and then the label is 0', async () => {
		// Maya's call is with Eve, who calls herself Dana; Dana's is with Eve, who calls herself Maya.
		const [mayas, danas] = [await FakeCall.create(), await FakeCall.create()];
		await mayas.connect(await mayas.newcomer('Dana'));
		await danas.connect(await danas.newcomer('Dana'));
		const numbers = async ({ host: one }: FakeCall) =>
			safetyDigits(one.epoch?.authenticator ?? new Uint8Array());
		expect(await numbers(mayas)).not.toBe(await numbers(danas));
		const pins = await Pins.open('maya', session);
		await pins.differed(keyOf(eve));
		expect(pins.label(keyOf(eve), 'Dana', 0)).toEqual({ level: 0 });
	});

	test('what was compared holds for that key alone', async () => {
		const first = await Pins.open('maya', session);
		await first.compared(keyOf(dana), 'Dana');
		const pins = await Pins.open('maya', session);
		expect(pins.label(keyOf(dana), 'Dana', 0)).toEqual({ level: 4 });
		expect(pins.label(keyOf(eve), 'Dana', 0)).toEqual({ level: 0 });
		expect(pins.changed(keyOf(eve), 'Dana')).toBe(true);
	});
});

describe('label 0', () => {
	test('a swapped key is let in, and the label says that nobody checked', async () => {
		const knock = await knockOf(eve, null);
		const secret = createLinkSecret();
		const { key, proven } = await openKnock({ identity: host, session, place, secret, knock });
		expect(proven).toBe(false);
		expect((await Pins.open('maya', session)).label(key, 'Dana', 0)).toEqual({ level: 0 });
		const { default: words } = await import('../../pwa/messages/en/shell.json', {
			with: { type: 'json' },
		});
		expect(words.trust_0).toBe('Encrypted, identity not checked');
		expect(words.trust_2).toBe('Access code confirmed');
	});
});
