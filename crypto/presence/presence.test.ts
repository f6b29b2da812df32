import nacl from 'tweetnacl';
import { beforeAll, expect, test } from 'vitest';
import { type Bytes, concat, fromUtf8, random, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { type SigningKey, generateSigningKey, sign } from '#crypto/identity/signing.ts';
import { type Signed, signJson } from '#crypto/identity/signed.ts';
import { type X25519Key, generateX25519, importX25519 } from '#crypto/identity/x25519.ts';
import { pad, unpad } from '#crypto/seal/padding.ts';
import { boxKey } from './box.ts';
import { certifyDevice, isCertified } from './certificate.ts';
import { shortCode } from './code.ts';
import { openNames, sealNames } from './names.ts';

const newId = () => toBase64url(random(16));
const names = {
	title: 'Second visit',
	people: [
		{ place: newId(), name: 'Dana Whitfield' },
		{ place: newId(), name: 'Zoë ' },
	],
};

let host: SigningKey;
let key: X25519Key;
const of = { device: newId(), session: newId(), startsAt: 1_800_000_000_000 };
beforeAll(async () => {
	[host, key] = await Promise.all([generateSigningKey(), generateX25519()]);
});

const sealed = (change: Partial<Parameters<typeof sealNames>[0]> = {}) =>
	sealNames({ host, presenceKey: key.publicKey, of, issued: 7, names, ...change });
const open = (bytes: Bytes, change: Partial<Parameters<typeof openNames>[0]> = {}) =>
	openNames({ key, sealed: bytes, of, identity: host.publicKey, ...change });

/** The box with other contents, made by whoever has the public key only. */
function boxOf(text: string): Bytes {
	const sender = nacl.box.keyPair();
	const nonce = random(24);
	const box = nacl.box(pad(utf8(text), 256), nonce, key.publicKey, sender.secretKey);
	return concat(Uint8Array.of(1), sender.publicKey, nonce, box);
}

test('names are opened with a key that cannot be exported', async () => {
	expect(await open(await sealed())).toEqual({ ...names, issued: 7 });
	expect(key.privateKey.extractable).toBe(false);
	await expect(crypto.subtle.exportKey('pkcs8', key.privateKey)).rejects.toThrow();
	const none = { title: '', people: [] };
	expect(await open(await sealed({ names: none }))).toMatchObject(none);
});

test('the box is NaCl’s: its own implementation opens it, and derives the same key', async () => {
	const secret = random(32);
	const own = await importX25519(secret);
	const bytes = await sealNames({ host, presenceKey: own.publicKey, of, issued: 1, names });
	const opened = nacl.box.open(bytes.slice(57), bytes.slice(33, 57), bytes.slice(1, 33), secret);
	expect(fromUtf8(unpad(new Uint8Array(opened ?? [])))).toContain('Dana Whitfield');
	for (let n = 0; n < 8; n++) {
		const theirs = nacl.box.keyPair();
		const publicKey = new Uint8Array(theirs.publicKey);
		const shared = await boxKey({ privateKey: own.privateKey, publicKey });
		expect(shared).toEqual(nacl.box.before(own.publicKey, theirs.secretKey));
	}
});

const lengthOf = async (name: string) =>
	(await sealed({ names: { title: '', people: [{ place: newId(), name }] } })).length;
const asText = ({ text, signature }: Signed) => fromUtf8(canonical({ text, signature }));

test('the sealed length says nothing of the names', async () => {
	expect(await lengthOf('Bo')).toBe(await lengthOf('Maximiliane Huber'));
});

test('what somebody without the host’s key wrote is refused as forged', async () => {
	const stranger = await generateSigningKey();
	await expect(open(await sealed({ host: stranger }))).rejects.toThrow('bad-signature');
	const value = { v: 1, ...of, issued: 1, ...names };
	const other = await signJson({ key: host, context: 'sotto/notice/v1', value });
	await expect(open(boxOf(asText(other)))).rejects.toThrow('bad-signature');
	const good = await signJson({ key: host, context: 'sotto/presence-names/v1', value });
	expect(await open(boxOf(asText(good)))).toMatchObject(names);
	const changed = { ...good, text: good.text.replace('Dana', 'Diana') };
	await expect(open(boxOf(asText(changed)))).rejects.toThrow('bad-signature');
	const strange = await signJson({
		key: host,
		context: 'sotto/presence-names/v1',
		value: { ...value, more: 1 },
	});
	await expect(open(boxOf(asText(strange)))).rejects.toThrow('bad-encoding');
	await expect(open(boxOf('no JSON'))).rejects.toThrow('bad-encoding');
});

test('names are of one extension, one session, one time, and not older than what was seen', async () => {
	const bytes = await sealed();
	const otherKey = await generateX25519();
	await expect(open(bytes, { key: otherKey })).rejects.toThrow('open-failed');
	const wrong = (change: Partial<typeof of>) => open(bytes, { of: { ...of, ...change } });
	await expect(wrong({ device: newId() })).rejects.toThrow('bad-signature');
	await expect(wrong({ session: newId() })).rejects.toThrow('bad-signature');
	await expect(wrong({ startsAt: of.startsAt + 60_000 })).rejects.toThrow('stale');
	expect(await open(bytes, { issuedMin: 7 })).toMatchObject({ issued: 7 });
	await expect(open(bytes, { issuedMin: 8 })).rejects.toThrow('stale');
});

test('altered and shortened bytes are refused', async () => {
	const bytes = await sealed();
	for (const at of [1, 20, 33, 56, 57, bytes.length - 1]) {
		const altered = bytes.slice();
		altered[at] = (altered[at] ?? 0) ^ 1;
		await expect(open(altered)).rejects.toThrow('open-failed');
	}
	const other = bytes.slice();
	other[0] = 2;
	await expect(open(other)).rejects.toThrow('unknown-version');
	await expect(open(bytes.slice(0, 60))).rejects.toThrow('truncated');
	await expect(open(bytes.slice(0, -1))).rejects.toThrow('open-failed');
	// A public key of small order would make a box that anybody can write.
	const flat = concat(Uint8Array.of(1), new Uint8Array(32), bytes.slice(33));
	await expect(open(flat)).rejects.toThrow('open-failed');
	await expect(sealed({ presenceKey: random(31) })).rejects.toThrow('bad-key');
});

const device = () => ({
	practice: newId(),
	member: newId(),
	publicKey: random(32),
	presenceKey: random(32),
});

test('a certificate is of exactly these keys', async () => {
	const one = device();
	const certificate = await certifyDevice(host, one);
	expect(await isCertified(host.publicKey, { ...one, certificate })).toBe(true);
	const { practice, member } = one;
	const text = [practice, member, toBase64url(one.publicKey), toBase64url(one.presenceKey)].join(
		'\n',
	);
	const signature = await sign(host, 'sotto/presence-device/v1', utf8(text));
	expect(certificate).toBe(toBase64url(signature));
	for (const field of ['practice', 'member', 'publicKey', 'presenceKey'] as const) {
		const other = { ...one, [field]: device()[field], certificate };
		expect(await isCertified(host.publicKey, other)).toBe(false);
	}
	const stranger = await generateSigningKey();
	expect(await isCertified(stranger.publicKey, { ...one, certificate })).toBe(false);
	expect(await isCertified(host.publicKey, { ...one, certificate: 'no' })).toBe(false);
	expect(await isCertified(host.publicKey, { ...one, certificate: '§' })).toBe(false);
});

test('the code that is compared changes with everything that is paired', async () => {
	const one = { ...device(), origin: 'https://visit.example.org', identity: random(32) };
	const code = await shortCode(one);
	expect(code).toMatch(/^\d{3} \d{3} \d{3}$/);
	expect(await shortCode({ ...one })).toBe(code);
	const others = await Promise.all([
		shortCode({ ...one, origin: 'https://visit.example.com' }),
		shortCode({ ...one, practice: newId() }),
		shortCode({ ...one, member: newId() }),
		shortCode({ ...one, identity: random(32) }),
		shortCode({ ...one, publicKey: random(32) }),
		shortCode({ ...one, presenceKey: random(32) }),
	]);
	expect(others).not.toContain(code);
});
