import { gcm } from '@noble/ciphers/aes.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { XWing } from '@noble/post-quantum/hybrid.js';
import nacl from 'tweetnacl';
import { beforeAll, expect, test } from 'vitest';
import { concat, fromHex, random, toHex, utf8 } from '#crypto/bytes.ts';
import {
	type IdentitySecret,
	createStaffIdentity,
	openIdentity,
} from '#crypto/identity/identity.ts';
import { type Suite, decodeBox } from './box.ts';
import { openSealed, sealTo } from './seal.ts';
import { createXWingKey, openXWingKey, toXWingSeed, xwingKem } from './xwing.ts';

const info = 'sotto/test/v1';
const aad = utf8('aad');
const none = new Uint8Array();
const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255);

let secret: IdentitySecret;
beforeAll(async () => {
	({ secret } = await createStaffIdentity());
});

/** RFC 9180 §4: labelled HKDF-SHA-256 of one suite. */
function labelled(suiteId: Uint8Array) {
	const label = (name: string, ...rest: Uint8Array[]) =>
		concat(utf8('HPKE-v1'), suiteId, utf8(name), ...rest);
	return {
		extract: (salt: Uint8Array, name: string, ikm: Uint8Array) =>
			extract(sha256, label(name, ikm), salt),
		expand: (prk: Uint8Array, name: string, value: Uint8Array, length: number) =>
			expand(sha256, prk, concat(u16(length), label(name, value)), length),
	};
}

/** RFC 9180 §4.1, decapsulation of DHKEM(X25519, HKDF-SHA256), over tweetnacl. */
function decapX25519(enc: Uint8Array, privateKey: Uint8Array): Uint8Array {
	const kdf = labelled(concat(utf8('KEM'), u16(0x0020)));
	const dh = nacl.scalarMult(privateKey, enc);
	const kemContext = concat(enc, nacl.scalarMult.base(privateKey));
	const prk = kdf.extract(none, 'eae_prk', dh);
	return kdf.expand(prk, 'shared_secret', kemContext, 32);
}

/** RFC 9180 §5.1 and §5.2: base mode, HKDF-SHA256, AES-256-GCM, first message. */
function openIndependently(kemId: number, sharedSecret: Uint8Array, ciphertext: Uint8Array) {
	const kdf = labelled(concat(utf8('HPKE'), u16(kemId), u16(0x0001), u16(0x0002)));
	const context = concat(
		Uint8Array.of(0),
		kdf.extract(none, 'psk_id_hash', none),
		kdf.extract(none, 'info_hash', utf8(info)),
	);
	const prk = kdf.extract(sharedSecret, 'secret', none);
	const key = kdf.expand(prk, 'key', context, 32);
	return gcm(key, kdf.expand(prk, 'base_nonce', context, 12), aad).decrypt(ciphertext);
}

test.each(['x25519', 'xwing'] as const)(
	'a box sealed to %s opens with an HPKE made of other parts',
	async (suite: Suite) => {
		const { publicIdentity } = await openIdentity(secret);
		const plaintext = random(48);
		const sealed = await sealTo({ to: publicIdentity, suite, info, aad, plaintext });
		const { enc, ciphertext } = decodeBox(sealed);
		const x25519Secret = secret.slice(33, 65);
		const opened =
			suite === 'x25519'
				? openIndependently(0x0020, decapX25519(enc, x25519Secret), ciphertext)
				: openIndependently(0x647a, XWing.decapsulate(enc, secret.slice(65)), ciphertext);
		expect(opened).toEqual(concat(Uint8Array.of(0, 0, 0, 48), plaintext));
	},
);

test('X-Wing keys and secrets are those of another implementation', async () => {
	const { seed, publicKey } = await createXWingKey();
	expect(toHex(publicKey)).toBe(toHex(XWing.keygen(seed).publicKey));
	const { cipherText, sharedSecret } = XWing.encapsulate(publicKey);
	const kem = xwingKem();
	const recipientKey = await kem.importKey('raw', seed.slice().buffer, false);
	const ours = new Uint8Array(await kem.decap({ recipientKey, enc: new Uint8Array(cipherText) }));
	expect(toHex(ours)).toBe(toHex(sharedSecret));
});

test('X-Wing gives the secret of the first vector of draft-connolly-cfrg-xwing-kem', async () => {
	const seed = toXWingSeed(
		fromHex('7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26'),
	);
	const ekm = fromHex(
		'3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2' +
			'35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2',
	);
	const kem = xwingKem();
	const { publicKey } = await openXWingKey(seed);
	const recipientPublicKey = await kem.deserializePublicKey(publicKey);
	const { enc, sharedSecret } = await kem.encap({ recipientPublicKey, ekm: ekm.buffer });
	expect(toHex(new Uint8Array(sharedSecret))).toBe(
		'd2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384',
	);
	const recipientKey = await kem.importKey('raw', seed.slice().buffer, false);
	expect(new Uint8Array(await kem.decap({ recipientKey, enc }))).toEqual(
		new Uint8Array(sharedSecret),
	);
});

test('what another implementation sealed opens with ours', async () => {
	const identity = await openIdentity(secret);
	const ephemeral = random(32);
	const enc = new Uint8Array(nacl.scalarMult.base(ephemeral));
	const recipient = identity.publicIdentity.x25519;
	const kdf = labelled(concat(utf8('KEM'), u16(0x0020)));
	const prk = kdf.extract(none, 'eae_prk', nacl.scalarMult(ephemeral, recipient));
	const shared = kdf.expand(prk, 'shared_secret', concat(enc, recipient), 32);
	const suite = labelled(concat(utf8('HPKE'), u16(0x0020), u16(0x0001), u16(0x0002)));
	const context = concat(
		Uint8Array.of(0),
		suite.extract(none, 'psk_id_hash', none),
		suite.extract(none, 'info_hash', utf8(info)),
	);
	const inner = suite.extract(shared, 'secret', none);
	const nonce = suite.expand(inner, 'base_nonce', context, 12);
	const cipher = gcm(suite.expand(inner, 'key', context, 32), nonce, aad);
	const ciphertext = cipher.encrypt(concat(Uint8Array.of(0, 0, 0, 2), utf8('hi')));
	const sealed = concat(Uint8Array.of(1, 1), enc, ciphertext);
	expect(await openSealed({ opener: identity, info, aad, sealed })).toEqual(utf8('hi'));
});
