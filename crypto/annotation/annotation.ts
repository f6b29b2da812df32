import * as v from 'valibot';
import { sealGcm, openGcm, type Gcm } from '#crypto/aead.ts';
import { type Bytes, concat, fromUtf8, random, utf8 } from '#crypto/bytes.ts';
import { type Json, canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, Moment, canonicalText, parse, parseJson } from '#crypto/schema.ts';
import { pad, unpad } from '#crypto/seal/padding.ts';

/** What an annotation belongs to; bound to its bytes. */
export interface AnnotationPlace {
	/** Id. */
	readonly recording: string;
	/** A fixed word of the protocol. */
	readonly kind: string;
}

/** An annotation that was opened, and whose signature was checked. */
export interface OpenedAnnotation<Body> {
	/** Id of the member who wrote it. */
	readonly author: string;
	/** 1, 2, ...: a server can show an older one again, so whoever saw a higher one refuses a lower. */
	readonly version: number;
	/** Milliseconds since 1970, as the author's clock had it. */
	readonly at: number;
	readonly body: Body;
}

const version = 1;
const saltBytes = 32;
const tagBytes = 16;
/** So the sealed length tells little of what was written. */
const quantumBytes = 512;
const context = 'sotto/annotation/v1';

const Said = v.strictObject({
	recording: Id,
	kind: v.string(),
	version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
	author: Id,
	at: Moment,
	body: v.unknown(),
});
const SignedShape = v.strictObject({ text: v.string(), signature: v.string() });

/**
 * Seals words beside a recording for everybody who can open it, signed by their author. `key` is the HKDF key of the
 * recording's manifest track (`importTrackKey`): version 1, salt (32 random), AES-256-GCM of the signed text padded to
 * 512 bytes; key and nonce are HKDF-SHA-512(key, salt, info = canonical [context, recording, kind]).
 * Throws TypeError when `body` holds NaN or an infinity.
 */
export async function sealAnnotation(
	options: AnnotationPlace & {
		key: CryptoKey;
		author: { id: string; signing: SigningKey };
		version: number;
		at: number;
		body: Json;
	},
): Promise<Bytes> {
	const { recording, kind, author, version: n, at, body } = options;
	const value = { recording, kind, version: n, author: author.id, at, body };
	const { text, signature } = await signJson({ key: author.signing, context, value });
	const plaintext = pad(utf8(canonicalText({ text, signature })), quantumBytes);
	const head = concat(Uint8Array.of(version), random(saltBytes));
	return concat(head, await sealGcm(await gcmOf(options, head), plaintext));
}

/**
 * Opens what `sealAnnotation` made for this place. `keysOf` gives the Ed25519 keys that a member has or had, newest
 * first. Throws `truncated`, `unknown-version`, `open-failed` (another key or place, altered bytes), `bad-signature`
 * (none of the author's keys signed it), `bad-encoding` (not of `schema`, or it says that it is another's).
 */
export async function openAnnotation<S extends v.GenericSchema>(
	options: AnnotationPlace & {
		key: CryptoKey;
		sealed: Bytes;
		keysOf: (author: string) => readonly Bytes[];
		schema: S;
	},
): Promise<OpenedAnnotation<v.InferOutput<S>>> {
	const { recording, kind, sealed, keysOf, schema } = options;
	const plaintext = await openBox(options, sealed);
	const signed = parseJson(SignedShape, fromUtf8(unpad(plaintext)));
	const { author } = parseJson(v.object({ author: Id }), signed.text);
	const said = await openByAny(signed, keysOf(author));
	if (said.recording !== recording || said.kind !== kind) throw new CryptoError('bad-encoding');
	return { author, version: said.version, at: said.at, body: parse(schema, said.body) };
}

/**
 * The same signed words, sealed for whoever has another key of the same recording; author, version and time stay what they
 * were, and nothing is signed anew. Throws `truncated`, `unknown-version`, `open-failed` (another key or place, altered bytes).
 */
export async function resealAnnotation(
	options: AnnotationPlace & { from: CryptoKey; to: CryptoKey; sealed: Bytes },
): Promise<Bytes> {
	const { recording, kind, from, to, sealed } = options;
	const plaintext = await openBox({ recording, kind, key: from }, sealed);
	const head = concat(Uint8Array.of(version), random(saltBytes));
	const gcm = await gcmOf({ recording, kind, key: to }, head);
	const bytes = concat(head, await sealGcm(gcm, plaintext));
	plaintext.fill(0);
	return bytes;
}

/** The padded text in what was sealed for this place. */
async function openBox(place: AnnotationPlace & { key: CryptoKey }, sealed: Bytes): Promise<Bytes> {
	if (sealed.length < 1 + saltBytes + tagBytes) throw new CryptoError('truncated');
	if (sealed[0] !== version) throw new CryptoError('unknown-version');
	const head = sealed.slice(0, 1 + saltBytes);
	return openGcm(await gcmOf(place, head), sealed.slice(head.length));
}

async function openByAny(
	signed: v.InferOutput<typeof SignedShape>,
	keys: readonly Bytes[],
): Promise<v.InferOutput<typeof Said>> {
	for (const publicKey of keys) {
		try {
			return await openSigned({ signed, publicKey, context, schema: Said });
		} catch (error) {
			if (!(error instanceof CryptoError) || error.code !== 'bad-signature') throw error;
		}
	}
	throw new CryptoError('bad-signature');
}

async function gcmOf(
	{ key, recording, kind }: AnnotationPlace & { key: CryptoKey },
	head: Bytes,
): Promise<Gcm> {
	const info = canonical([context, recording, kind]);
	const algorithm = { name: 'HKDF', hash: 'SHA-512', salt: head.slice(1), info };
	const okm = new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 44 * 8));
	return { key: okm.slice(0, 32), nonce: okm.slice(32), aad: concat(head, info) };
}
