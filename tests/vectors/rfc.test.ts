import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from '#crypto/bytes.ts';
import { hkdf } from '#crypto/hkdf.ts';
import { signingKeyOf, verifyUnframed } from '#crypto/identity/signing.ts';
import { importX25519, sharedSecret } from '#crypto/identity/x25519.ts';

const range = (from: number, to: number) =>
	Uint8Array.from({ length: to - from }, (_, at) => from + at);

const hkdfCases = [
	{
		name: 'A.1',
		ikm: fromHex('0b'.repeat(22)),
		salt: range(0x00, 0x0d),
		info: range(0xf0, 0xfa),
		okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
	},
	{
		name: 'A.2',
		ikm: range(0x00, 0x50),
		salt: range(0x60, 0xb0),
		info: range(0xb0, 0x100),
		okm:
			'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c' +
			'59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71' +
			'cc30c58179ec3e87c14c01d5c1f3434f1d87',
	},
	{
		name: 'A.3',
		ikm: fromHex('0b'.repeat(22)),
		salt: fromHex(''),
		info: fromHex(''),
		okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
	},
];

test.each(hkdfCases)('RFC 5869 $name', async ({ ikm, salt, info, okm }) => {
	const lengthBytes = okm.length / 2;
	expect(toHex(await hkdf({ hash: 'SHA-256', ikm, salt, info, lengthBytes }))).toBe(okm);
});

test.each([
	{
		scalar: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
		point: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
		product: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
	},
	{
		scalar: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
		point: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
		product: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
	},
])('RFC 7748 §5.2', async ({ scalar, point, product }) => {
	const { privateKey } = await importX25519(fromHex(scalar));
	expect(toHex(await sharedSecret({ privateKey, publicKey: fromHex(point) }))).toBe(product);
});

test('RFC 7748 §6.1', async () => {
	const alice = await importX25519(
		fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
	);
	const bob = await importX25519(
		fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
	);
	expect(toHex(alice.publicKey)).toBe(
		'8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
	);
	expect(toHex(bob.publicKey)).toBe(
		'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
	);
	const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
	const { privateKey } = alice;
	expect(toHex(await sharedSecret({ privateKey, publicKey: bob.publicKey }))).toBe(secret);
	const other = { privateKey: bob.privateKey, publicKey: alice.publicKey };
	expect(toHex(await sharedSecret(other))).toBe(secret);
});

test.each([
	{
		name: 'TEST 1',
		seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
		key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
		text: '',
		signed:
			'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
			'5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
	},
	{
		name: 'TEST 2',
		seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
		key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
		text: '72',
		signed:
			'92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
			'085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
	},
	{
		name: 'TEST 3',
		seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
		key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
		text: 'af82',
		signed:
			'6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
			'18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
	},
])('RFC 8032 §7.1 $name', async ({ seed, key, text, signed }) => {
	const { publicKey, privateKey } = await signingKeyOf(fromHex(seed));
	expect(toHex(publicKey)).toBe(key);
	const message = fromHex(text);
	const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, message));
	expect(toHex(signature)).toBe(signed);
	expect(await verifyUnframed({ publicKey, message, signature })).toBe(true);
	signature[0] = (signature[0] ?? 0) ^ 1;
	expect(await verifyUnframed({ publicKey, message, signature })).toBe(false);
});

// The RFC has no vector with AES-256-GCM; the key encapsulation and the schedule are the ones we use.
test('RFC 9180 A.1.1, with the recipient key imported as ours are', async () => {
	const recipient = await importX25519(
		fromHex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
	);
	expect(toHex(recipient.publicKey)).toBe(
		'3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
	);
	const kem = new DhkemX25519HkdfSha256();
	const hpke = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes128Gcm() });
	const opened = await hpke.open(
		{
			recipientKey: {
				publicKey: await kem.deserializePublicKey(recipient.publicKey),
				privateKey: recipient.privateKey,
			},
			enc: fromHex('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
			info: fromHex('4f6465206f6e2061204772656369616e2055726e'),
		},
		fromHex(
			'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9' +
				'6d8770ac83d07bea87e13c512a',
		),
		fromHex('436f756e742d30'),
	);
	expect(new Uint8Array(opened)).toEqual(utf8('Beauty is truth, truth beauty'));
});
