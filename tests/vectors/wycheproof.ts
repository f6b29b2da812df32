import * as v from 'valibot';
import { openGcm, sealGcm } from '#crypto/aead.ts';
import { concat, equal, fromHex, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { hkdf } from '#crypto/hkdf.ts';
import { verifyUnframed } from '#crypto/identity/signing.ts';
import { importX25519, sharedSecret } from '#crypto/identity/x25519.ts';
import { sealTo } from '#crypto/seal/seal.ts';
import { type Format, type Tally, type Verdict, tally } from './format.ts';

const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/i), v.transform(fromHex));
const Case = { result: v.picklist(['valid', 'invalid', 'acceptable']) };

const verdict = (ok: boolean): Verdict => (ok ? 'passed' : 'failed');

/** Whether the call throws this code; another error is an error. */
async function refuses(call: Promise<unknown>, code: CryptoError['code']): Promise<boolean> {
	try {
		await call;
		return false;
	} catch (error) {
		if (error instanceof CryptoError) return error.code === code;
		throw error;
	}
}

/** A file of Wycheproof whose groups are of one type: each case is parsed with its group's fields beside it. */
function format<S extends v.GenericSchema>(options: {
	name: string;
	algorithm: string;
	group: string;
	schema: S;
	run: (one: v.InferOutput<S>) => Promise<Verdict>;
}): Format {
	const { name, algorithm, group, schema, run } = options;
	const File = v.object({
		algorithm: v.literal(algorithm),
		testGroups: v.array(
			v.looseObject({ type: v.literal(group), tests: v.array(v.record(v.string(), v.unknown())) }),
		),
	});
	return {
		name,
		matches: (json) => v.is(File, json),
		run: (json): Promise<Tally> => {
			const cases = v
				.parse(File, json)
				.testGroups.flatMap(({ tests, ...fields }) => tests.map((one) => ({ ...fields, ...one })));
			return tally(schema, cases, run);
		},
	};
}

/** AES-GCM as we call it: a nonce of 12 bytes, a tag of 16, a key of 16 or 32. */
const aesGcm = format({
	name: 'Wycheproof AES-GCM',
	algorithm: 'AES-GCM',
	group: 'AeadTest',
	schema: v.object({
		...Case,
		ivSize: v.number(),
		keySize: v.number(),
		tagSize: v.number(),
		key: Hex,
		iv: Hex,
		aad: Hex,
		msg: Hex,
		ct: Hex,
		tag: Hex,
	}),
	async run({ ivSize, keySize, tagSize, key, iv: nonce, aad, msg, ct, tag, result }) {
		if (ivSize !== 96 || tagSize !== 128 || keySize === 192) return 'skipped';
		const gcm = { key, nonce, aad };
		const sealed = concat(ct, tag);
		if (result === 'invalid') return verdict(await refuses(openGcm(gcm, sealed), 'open-failed'));
		const opened = await openGcm(gcm, sealed);
		return verdict(equal(opened, msg) && equal(await sealGcm(gcm, msg), sealed));
	},
});

const ed25519 = format({
	name: 'Wycheproof Ed25519',
	algorithm: 'EDDSA',
	group: 'EddsaVerify',
	schema: v.object({
		...Case,
		publicKey: v.object({ curve: v.string(), pk: Hex }),
		msg: Hex,
		sig: Hex,
	}),
	async run({ publicKey: { curve, pk: publicKey }, msg: message, sig: signature, result }) {
		if (curve !== 'edwards25519') return 'skipped';
		const verified = await verifyUnframed({ publicKey, message, signature });
		return verdict(verified === (result === 'valid'));
	},
});

/** A zero shared secret must be refused (RFC 7748 §6.1, RFC 9180 §7.1.4), by X25519 and by HPKE. */
const x25519 = format({
	name: 'Wycheproof X25519',
	algorithm: 'XDH',
	group: 'XdhComp',
	schema: v.object({ ...Case, curve: v.string(), public: Hex, private: Hex, shared: Hex }),
	async run({ curve, public: publicKey, private: secret, shared, result }) {
		if (curve !== 'curve25519') return 'skipped';
		const { privateKey } = await importX25519(secret);
		const derived = sharedSecret({ privateKey, publicKey });
		if (result === 'invalid') return verdict(await refuses(derived, 'bad-key'));
		if (shared.some((byte) => byte !== 0)) return verdict(equal(await derived, shared));
		const empty = utf8('');
		const sealed = sealTo({ to: { x25519: publicKey }, info: '', aad: empty, plaintext: empty });
		return verdict((await refuses(derived, 'bad-key')) && (await refuses(sealed, 'bad-key')));
	},
});

function hkdfFormat(hash: 'SHA-256' | 'SHA-512'): Format {
	return format({
		name: `Wycheproof HKDF-${hash}`,
		algorithm: `HKDF-${hash}`,
		group: 'HkdfTest',
		schema: v.object({ ...Case, ikm: Hex, salt: Hex, info: Hex, size: v.number(), okm: Hex }),
		async run({ ikm, salt, info, size: lengthBytes, okm, result }) {
			const derived = hkdf({ hash, ikm, salt, info, lengthBytes });
			if (result === 'invalid') return verdict(await refuses(derived, 'too-large'));
			return verdict(equal(await derived, okm));
		},
	});
}

export const wycheproof: readonly Format[] = [
	aesGcm,
	ed25519,
	x25519,
	hkdfFormat('SHA-256'),
	hkdfFormat('SHA-512'),
];
