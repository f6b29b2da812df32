import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Bytes, fromBase64url, fromUtf8, random, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Identity,
	createStaffIdentity,
	generateParticipantIdentity,
} from '#crypto/identity/identity.ts';
import { sign } from '#crypto/identity/signing.ts';
import { createTrackKey } from '#crypto/track/key.ts';
import { type Grant, makeGrant, openGrant, parseGrant } from './grant.ts';
import { type KeyOfTrack, decodeKeys, encodeKeys, grantKeysMax } from './keys.ts';

const newId = () => toBase64url(random(16));
const newKeys = (count: number): KeyOfTrack[] =>
	Array.from({ length: count }, () => ({ track: newId(), key: createTrackKey() }));

const recording = newId();
const recipientId = newId();
const grantorId = newId();
let host: Identity;
let colleague: Identity;
let patient: Identity;

beforeAll(async () => {
	[{ identity: host }, { identity: colleague }, patient] = await Promise.all([
		createStaffIdentity(),
		createStaffIdentity(),
		generateParticipantIdentity(),
	]);
});

function grantTo(to: Identity, keys = newKeys(3), expiresAt: number | null = null): Promise<Grant> {
	const recipient = { id: recipientId, publicIdentity: to.publicIdentity };
	const grantor = { id: grantorId, signing: host.signing };
	return makeGrant({ recording, recipient, grantor, expiresAt, keys });
}

function open(grant: Grant, identity: Identity, grantorKey = host.publicIdentity.ed25519) {
	return openGrant({ grant, recording, identity, grantorKey });
}

/** Signed again by its grantor, so that only the later checks can refuse it. */
async function resigned(grant: Grant, change: Partial<Grant>): Promise<Grant> {
	const { signature, ...body } = { ...grant, ...change };
	const fresh = await sign(host.signing, 'sotto/grant/v1', canonical(body));
	expect(toBase64url(fresh)).not.toBe(signature);
	return { ...body, signature: toBase64url(fresh) };
}

const json = (value: unknown): Bytes => utf8(JSON.stringify(value));

const flipped = (text: string): string => {
	const bytes = fromBase64url(text);
	bytes[0] = (bytes[0] ?? 0) ^ 1;
	return toBase64url(bytes);
};

test('a head beside a grant is inside what the grantor signed, and a grant without one opens as before', async () => {
	const head = 'sotto/history/x\n7\nroot';
	const grant = await makeGrant({
		recording,
		recipient: { id: recipientId, publicIdentity: colleague.publicIdentity },
		grantor: { id: grantorId, signing: host.signing },
		expiresAt: null,
		keys: newKeys(1),
		head,
	});
	expect(grant.head).toBe(head);
	expect((await open(grant, colleague)).keys).toHaveLength(1);
	const { head: _, ...without } = grant;
	for (const changed of [without, { ...grant, head: `${head} ` }])
		await expect(open(changed, colleague)).rejects.toThrow('bad-signature');
	expect(await grantTo(colleague)).not.toHaveProperty('head');
});

test('a grant gives its recipient every key, after a trip through JSON', async () => {
	for (const to of [colleague, patient]) {
		const keys = newKeys(5);
		const grant = await grantTo(to, keys, 1_800_000_000_000);
		const opened = await open(parseGrant(JSON.parse(JSON.stringify(grant))), to);
		expect(opened.keys).toEqual(keys.toSorted((a, b) => (a.track < b.track ? -1 : 1)));
		expect(opened).toMatchObject({ recording, recipient: recipientId, grantor: grantorId });
		expect(opened.expiresAt).toBe(1_800_000_000_000);
	}
});

test('staff are wrapped to with X-Wing, a participant with X25519', async () => {
	expect(fromBase64url((await grantTo(colleague)).enc).length).toBe(1120);
	expect(fromBase64url((await grantTo(patient)).enc).length).toBe(32);
});

test('the biggest grant fits its limits', async () => {
	const grant = await grantTo(colleague, newKeys(grantKeysMax));
	expect((await open(grant, colleague)).keys.length).toBe(grantKeysMax);
});

test('the signature is checked first and covers every field', async () => {
	const grant = await grantTo(colleague);
	await expect(open(grant, colleague, colleague.publicIdentity.ed25519)).rejects.toThrow(
		'bad-signature',
	);
	const changes: Partial<Grant>[] = [
		{ id: newId() },
		{ recording: newId() },
		{ recipient: newId() },
		{ recipientKey: toBase64url(random(32)) },
		{ grantor: newId() },
		{ expiresAt: 1 },
		{ enc: flipped(grant.enc) },
		{ ciphertext: flipped(grant.ciphertext) },
		{ signature: flipped(grant.signature) },
	];
	for (const change of changes)
		await expect(open({ ...grant, ...change }, colleague)).rejects.toThrow('bad-signature');
});

test('who it is not for cannot open it', async () => {
	const grant = await grantTo(colleague);
	await expect(open(grant, host)).rejects.toThrow('not-a-recipient');
	await expect(open(grant, patient)).rejects.toThrow('not-a-recipient');
	const elsewhere = { grant, recording: newId(), identity: colleague };
	const grantorKey = host.publicIdentity.ed25519;
	await expect(openGrant({ ...elsewhere, grantorKey })).rejects.toThrow('not-a-recipient');
});

test('a signed grant of another body does not open', async () => {
	const grant = await grantTo(colleague);
	const changes: Partial<Grant>[] = [
		{ recipient: newId() },
		{ grantor: newId() },
		{ expiresAt: 1 },
		{ enc: flipped(grant.enc) },
		{ ciphertext: flipped(grant.ciphertext) },
	];
	for (const change of changes)
		await expect(open(await resigned(grant, change), colleague)).rejects.toThrow('open-failed');
	const cut = await resigned(grant, { enc: grant.enc.slice(0, -4) });
	await expect(open(cut, colleague)).rejects.toThrow('bad-encoding');
});

test('a key list has an order, no track twice, and a length', async () => {
	const keys = newKeys(3);
	const [first] = keys;
	if (!first) throw new Error('no key');
	expect(() => encodeKeys([...keys, { ...first, key: createTrackKey() }])).toThrow(TypeError);
	expect(() => encodeKeys([])).toThrow(TypeError);
	expect(() => encodeKeys(newKeys(grantKeysMax + 1))).toThrow(TypeError);
	expect(encodeKeys(keys.toReversed())).toEqual(encodeKeys(keys));
	const rows: unknown[] = JSON.parse(fromUtf8(encodeKeys(keys)));
	for (const bad of [rows.toReversed(), [rows[0], rows[0]], [], {}, [{ track: 'x', key: 'y' }]])
		expect(() => decodeKeys(json(bad))).toThrow('bad-encoding');
	expect(decodeKeys(json(rows)).length).toBe(3);
});

test('key lists of every length come back', () => {
	const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => toBase64url(bytes));
	const ids = fc.uniqueArray(id, { minLength: 1, maxLength: grantKeysMax });
	fc.assert(
		fc.property(ids, (tracks) => {
			const keys = tracks.map((track) => ({ track, key: createTrackKey() }));
			expect(new Set(decodeKeys(encodeKeys(keys)))).toEqual(new Set(keys));
		}),
		{ numRuns: 30 },
	);
});

test('what is no grant is refused by code', async () => {
	const grant = await grantTo(patient);
	const fields = fc.constantFrom(...Object.keys(grant));
	await fc.assert(
		fc.asyncProperty(fields, fc.jsonValue(), async (field, value) => {
			const changed: unknown = { ...grant, [field]: value };
			fc.pre(JSON.stringify(changed) !== JSON.stringify(grant));
			const opened = (async () => open(parseGrant(changed), patient))();
			await expect(opened).rejects.toBeInstanceOf(CryptoError);
		}),
		{ numRuns: 60 },
	);
	for (const bad of [null, [], 'x', {}, { ...grant, more: 1 }, { ...grant, expiresAt: 0.5 }])
		expect(() => parseGrant(bad)).toThrow('bad-encoding');
});
