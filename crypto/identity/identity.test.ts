import * as fc from 'fast-check';
import nacl from 'tweetnacl';
import { expect, test } from 'vitest';
import { type Bytes, concat, fromHex, random, toHex, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type PublicIdentity,
	createStaffIdentity,
	decodePublicIdentity,
	encodePublicIdentity,
	fingerprint,
	generateParticipantIdentity,
	openIdentity,
	toIdentitySecret,
} from './identity.ts';
import { openSigned, signJson } from './signed.ts';
import { sign, signingKeyOf, verify, verifyUnframed } from './signing.ts';
import { generateX25519, importX25519, sharedSecret } from './x25519.ts';
import * as v from 'valibot';

const owned = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);

test('a participant has keys that cannot be exported and that survive structured cloning', async () => {
	const identity = structuredClone(await generateParticipantIdentity());
	const { publicIdentity, signing, x25519 } = identity;
	expect(identity.xwing).toBeUndefined();
	for (const key of [signing.privateKey, x25519]) {
		expect(key.extractable).toBe(false);
		for (const format of ['pkcs8', 'jwk'] as const)
			await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow();
	}
	const message = utf8('hello');
	const signature = await sign(signing, 'sotto/token/v1', message);
	const publicKey = publicIdentity.ed25519;
	expect(await verify({ publicKey, context: 'sotto/token/v1', message, signature })).toBe(true);
	expect(await verify({ publicKey, context: 'sotto/claim/v1', message, signature })).toBe(false);
	const other = await generateX25519();
	const here = await sharedSecret({ privateKey: x25519, publicKey: other.publicKey });
	const { privateKey } = other;
	expect(await sharedSecret({ privateKey, publicKey: publicIdentity.x25519 })).toEqual(here);
});

test('a staff identity comes back from its secret', async () => {
	const { secret, identity } = await createStaffIdentity();
	expect(secret.length).toBe(97);
	const again = await openIdentity(toIdentitySecret(secret.slice()));
	expect(again.publicIdentity).toEqual(identity.publicIdentity);
	expect(again.publicIdentity.xwing?.length).toBe(1216);
	expect(again.signing.privateKey.extractable).toBe(false);
	expect(again.x25519.extractable).toBe(false);
	expect((await createStaffIdentity()).secret).not.toEqual(secret);
});

test('a secret of another version or length is refused', async () => {
	const { secret } = await createStaffIdentity();
	const newer = concat(Uint8Array.of(2), secret.slice(1));
	expect(() => toIdentitySecret(newer)).toThrow('unknown-version');
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
			fc.pre(bytes.length !== 97);
			expect(() => toIdentitySecret(owned(bytes))).toThrow('bad-key');
		}),
	);
});

test('tweetnacl derives the same public keys, signatures and secrets', async () => {
	for (let round = 0; round < 8; round++) {
		const seed = random(32);
		const theirs = nacl.sign.keyPair.fromSeed(seed);
		const ours = await signingKeyOf(seed);
		expect(toHex(ours.publicKey)).toBe(toHex(theirs.publicKey));
		const message = random(round * 37);
		const publicKey = ours.publicKey;
		const signature = owned(nacl.sign.detached(message, theirs.secretKey));
		expect(await verifyUnframed({ publicKey, message, signature })).toBe(true);
		const framed = concat(utf8('sotto/notice/v1'), Uint8Array.of(0), message);
		const byUs = await sign(ours, 'sotto/notice/v1', message);
		expect(nacl.sign.detached.verify(framed, byUs, theirs.publicKey)).toBe(true);
		const secret = random(32);
		const mine = await importX25519(secret);
		expect(toHex(mine.publicKey)).toBe(toHex(nacl.scalarMult.base(secret)));
		const peer = nacl.box.keyPair();
		const { privateKey } = mine;
		const shared = await sharedSecret({ privateKey, publicKey: owned(peer.publicKey) });
		expect(toHex(shared)).toBe(toHex(nacl.scalarMult(peer.secretKey, mine.publicKey)));
	}
});

test('a public key that gives the zero secret is refused', async () => {
	const { privateKey } = await generateX25519();
	const publicKey = new Uint8Array(32);
	await expect(sharedSecret({ privateKey, publicKey })).rejects.toThrow('bad-key');
});

test('keys of another length are refused', async () => {
	for (const length of [0, 31, 33]) {
		await expect(signingKeyOf(random(length))).rejects.toThrow('bad-key');
		await expect(importX25519(random(length))).rejects.toThrow('bad-key');
		const { privateKey } = await generateX25519();
		await expect(sharedSecret({ privateKey, publicKey: random(length) })).rejects.toThrow(
			'bad-key',
		);
	}
});

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(owned);
const anyIdentity: fc.Arbitrary<PublicIdentity> = fc
	.record({ ed25519: key32, x25519: key32, long: fc.boolean() })
	.map(({ ed25519, x25519, long }) =>
		long ? { ed25519, x25519, xwing: random(1216) } : { ed25519, x25519 },
	);

test('a public identity comes back from JSON, and nothing else does', () => {
	fc.assert(
		fc.property(anyIdentity, (identity) => {
			const json: unknown = JSON.parse(JSON.stringify(encodePublicIdentity(identity)));
			expect(decodePublicIdentity(json)).toEqual(identity);
		}),
		{ numRuns: 40 },
	);
	const good = encodePublicIdentity({ ed25519: random(32), x25519: random(32) });
	const short = `${good.ed25519.slice(0, -1)}B`;
	const bad = [
		null,
		'x',
		[],
		{},
		{ ...good, more: '' },
		{ ...good, ed25519: short },
		{ ed25519: 1 },
	];
	for (const json of bad) expect(() => decodePublicIdentity(json)).toThrow('bad-encoding');
	for (const xwing of ['', undefined, null, 'AAAA'])
		expect(() => decodePublicIdentity({ ...good, xwing })).toThrow('bad-encoding');
	fc.assert(
		fc.property(fc.jsonValue(), (json) => {
			expect(() => decodePublicIdentity(json)).toThrow(CryptoError);
		}),
	);
});

test('a fingerprint changes with every key', async () => {
	const identity = { ed25519: random(32), x25519: random(32), xwing: random(1216) };
	const { ed25519, x25519, xwing } = identity;
	const others = [
		{ ...identity, ed25519: x25519 },
		{ ...identity, x25519: ed25519 },
		{ ...identity, xwing: random(1216) },
		{ ed25519, x25519 },
	];
	const prints = await Promise.all(
		[identity, { ed25519, x25519, xwing }, ...others].map(fingerprint),
	);
	expect(prints[0]).toEqual(prints[1]);
	expect(new Set(prints.map(toHex)).size).toBe(others.length + 1);
	const known = { ed25519: new Uint8Array(32), x25519: new Uint8Array(32) };
	const text = utf8(`{"ed25519":"${'A'.repeat(43)}","x25519":"${'A'.repeat(43)}"}`);
	const digest = owned(new Uint8Array(await crypto.subtle.digest('SHA-256', text)));
	expect(await fingerprint(known)).toEqual(digest);
});

test('a signed text is verified as it came, before it is read', async () => {
	const key = await signingKeyOf(fromHex('07'.repeat(32)));
	const context = 'sotto/notice/v1';
	const schema = v.strictObject({ n: v.number() });
	const signed = await signJson({ key, context, value: { n: 1 } });
	const publicKey = key.publicKey;
	expect(await openSigned({ signed, publicKey, context, schema })).toEqual({ n: 1 });
	const refused = [
		{ ...signed, text: '{"n":2}' },
		{ ...signed, text: '{"n":1} ' },
		{ ...signed, text: '{' },
		{ ...signed, signature: 'A'.repeat(86) },
		{ ...signed, signature: 'x' },
	];
	for (const bad of refused)
		await expect(openSigned({ signed: bad, publicKey, context, schema })).rejects.toThrow(
			'bad-signature',
		);
	await expect(
		openSigned({ signed, publicKey, context: 'sotto/receipt/v1', schema }),
	).rejects.toThrow('bad-signature');
	const other = v.strictObject({ m: v.number() });
	await expect(openSigned({ signed, publicKey, context, schema: other })).rejects.toThrow(
		'bad-encoding',
	);
});

test('a lone surrogate cannot stand for another character of a signed text', async () => {
	const key = await signingKeyOf(random(32));
	const context = 'sotto/notice/v1';
	const signed = await signJson({ key, context, value: { name: '\ufffd' } });
	const swapped = { ...signed, text: signed.text.replace('\ufffd', '\ud800') };
	const schema = v.strictObject({ name: v.string() });
	const publicKey = key.publicKey;
	await expect(openSigned({ signed: swapped, publicKey, context, schema })).rejects.toThrow(
		'bad-signature',
	);
});
