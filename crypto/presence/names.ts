import * as v from 'valibot';
import nacl from 'tweetnacl';
import { type Bytes, concat, fromUtf8, random, utf8 } from '#crypto/bytes.ts';
import { canonicalText, Id, Moment, parseJson } from '#crypto/schema.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import type { X25519Key } from '#crypto/identity/x25519.ts';
import { nameQuantumBytes, pad, unpad } from '#crypto/seal/padding.ts';
import { boxKey } from './box.ts';

/** What a browser extension may call a session and the people of it. */
export interface Names {
	readonly title: string;
	readonly people: readonly { readonly place: string; readonly name: string }[];
}

/** What names belong to; what was sealed for one thing is refused for every other. */
export interface NamesOf {
	/** Id of the extension. */
	readonly device: string;
	readonly session: string;
	/** Milliseconds since 1970: names of a session that was moved are sealed again. */
	readonly startsAt: number;
}

const version = 1;
const keyBytes = 32;
const nonceBytes = 24;
const context = 'sotto/presence-names/v1';
const name = v.pipe(v.string(), v.maxLength(500));

const NamesSchema = v.strictObject({
	v: v.literal(1),
	device: Id,
	session: Id,
	startsAt: Moment,
	issued: Moment,
	title: name,
	people: v.pipe(v.array(v.strictObject({ place: Id, name })), v.maxLength(32)),
});
const SignedSchema = v.strictObject({ text: v.string(), signature: v.string() });

/**
 * Names of a session, signed by its host and sealed to one extension (NaCl's box from a fresh key, which is
 * X25519, HSalsa20 and XSalsa20-Poly1305): version 1, public key (32), nonce (24), box. The length says
 * only how many times 256 bytes it is. `issued` grows with every sealing, so that older ones are known.
 */
export async function sealNames(options: {
	host: SigningKey;
	/** Of the extension, 32 bytes. */
	presenceKey: Bytes;
	of: NamesOf;
	issued: number;
	names: Names;
}): Promise<Bytes> {
	const { host, presenceKey, of, issued, names } = options;
	if (presenceKey.length !== keyBytes) throw new CryptoError('bad-key');
	const { device, session, startsAt } = of;
	const people = names.people.map((person) => ({ place: person.place, name: person.name }));
	const value = { v: 1, device, session, startsAt, issued, title: names.title, people };
	const { text, signature } = await signJson({ key: host, context, value });
	const plaintext = pad(utf8(canonicalText({ text, signature })), nameQuantumBytes);
	const sender = nacl.box.keyPair.fromSecretKey(random(keyBytes));
	const nonce = random(nonceBytes);
	const box = nacl.box(plaintext, nonce, presenceKey, sender.secretKey);
	sender.secretKey.fill(0);
	return concat(Uint8Array.of(version), sender.publicKey, nonce, box);
}

/**
 * Opens names with the private half of the extension's key, which may be a CryptoKey that cannot be exported,
 * and checks them against the host's identity as pairing pinned it (Ed25519, 32 bytes).
 *
 * Throws `unknown-version`, `truncated`, `open-failed` (not sealed to this key, or altered), `bad-signature`
 * (not by this host, or of another device or session), `bad-encoding`, and `stale` for names that the host
 * signed for another time of this session, or before `issuedMin`.
 */
export async function openNames(options: {
	key: X25519Key;
	sealed: Bytes;
	of: NamesOf;
	identity: Bytes;
	/** The highest `issued` that was seen of this session. */
	issuedMin?: number;
}): Promise<Names & { readonly issued: number }> {
	const { key, sealed, of, identity, issuedMin = 0 } = options;
	const signed = parseJson(SignedSchema, fromUtf8(unpad(await unbox(key, sealed))));
	const {
		v: _,
		device,
		session,
		startsAt,
		...names
	} = await openSigned({ signed, publicKey: identity, context, schema: NamesSchema });
	if (device !== of.device || session !== of.session) throw new CryptoError('bad-signature');
	if (startsAt !== of.startsAt || names.issued < issuedMin) throw new CryptoError('stale');
	return names;
}

async function unbox(key: X25519Key, sealed: Bytes): Promise<Bytes> {
	const nonceAt = 1 + keyBytes;
	const boxAt = nonceAt + nonceBytes;
	if (sealed.length < boxAt + nacl.secretbox.overheadLength) throw new CryptoError('truncated');
	if (sealed[0] !== version) throw new CryptoError('unknown-version');
	const { privateKey } = key;
	const shared = await boxKey({ privateKey, publicKey: sealed.slice(1, nonceAt) });
	const opened = nacl.secretbox.open(sealed.slice(boxAt), sealed.slice(nonceAt, boxAt), shared);
	if (!opened) throw new CryptoError('open-failed');
	return new Uint8Array(opened);
}
