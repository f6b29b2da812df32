import * as v from 'valibot';
import { type Bytes, fromBase64url, random, sha256, toBase64url } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { PublicIdentity } from '#crypto/identity/identity.ts';
import { type SigningKey, sign, verify } from '#crypto/identity/signing.ts';
import { Id, Moment, parse } from '#crypto/schema.ts';
import { type Suite, decodeBox, encodeBox, suiteOfEnc } from '#crypto/seal/box.ts';
import { type Opener, openSealed, preferredSuite, sealTo } from '#crypto/seal/seal.ts';
import { type KeyOfTrack, decodeKeys, encodeKeys } from './keys.ts';

/** The track keys of a recording wrapped for one recipient, signed by the grantor. Every field is text or a number, fit for JSON. */
export interface Grant {
	readonly id: string;
	readonly recording: string;
	/** Id of a member, or of the practice for "Practice records key". */
	readonly recipient: string;
	/** SHA-256 of the public key that it is sealed to, 32 bytes. */
	readonly recipientKey: string;
	/** Id of the member who grants. */
	readonly grantor: string;
	/** Milliseconds since 1970, null for never. Not judged here: there is no clock. */
	readonly expiresAt: number | null;
	/** Encapsulated key of RFC 9180. */
	readonly enc: string;
	readonly ciphertext: string;
	/** The signed head of the history as the grantor was shown it, to be held against that of the recipient. */
	readonly head?: string;
	/** Ed25519 of the grantor over the canonical JSON of all other fields, in context `sotto/grant/v1`. */
	readonly signature: string;
}

/** A grant that was opened. */
export interface OpenedGrant extends Pick<
	Grant,
	'id' | 'recording' | 'recipient' | 'grantor' | 'expiresAt'
> {
	/** By track id, each once. */
	readonly keys: readonly KeyOfTrack[];
}

const context = 'sotto/grant/v1';

const base64url = (charactersMax: number) =>
	v.pipe(v.string(), v.maxLength(charactersMax), v.regex(/^[A-Za-z0-9_-]*$/));

const GrantSchema = v.strictObject({
	id: Id,
	recording: Id,
	recipient: Id,
	recipientKey: v.pipe(v.string(), v.length(43)),
	grantor: Id,
	expiresAt: v.nullable(Moment),
	enc: base64url(2048),
	ciphertext: base64url(8192),
	head: v.exactOptional(v.pipe(v.string(), v.maxLength(1024))),
	signature: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{85}[AQgw]$/)),
});

/** The grant of its JSON value, unchecked by any key. Throws `bad-encoding`. */
export function parseGrant(json: unknown): Grant {
	return parse(GrantSchema, json);
}

/**
 * Wraps track keys for a recipient: HPKE to her X-Wing key, or to X25519 where she has no other.
 * Throws TypeError when a track is in `keys` twice, when there are none or more than `grantKeysMax`;
 * `bad-key` when her public key is none.
 */
export async function makeGrant(options: {
	recording: string;
	recipient: { id: string; publicIdentity: PublicIdentity };
	grantor: { id: string; signing: SigningKey };
	expiresAt: number | null;
	keys: readonly KeyOfTrack[];
	head?: string | undefined;
}): Promise<Grant> {
	const { recording, recipient, grantor, expiresAt, keys, head: seen } = options;
	const to = recipient.publicIdentity;
	const suite = preferredSuite(to);
	const head = {
		id: toBase64url(random(16)),
		recording,
		recipient: recipient.id,
		recipientKey: await keyId(keyOf(to, suite)),
		grantor: grantor.id,
		expiresAt,
	};
	const plaintext = encodeKeys(keys);
	const sealed = await sealTo({ to, suite, info: context, aad: aadOf(head), plaintext });
	const { enc, ciphertext } = decodeBox(sealed);
	const sent = { enc: toBase64url(enc), ciphertext: toBase64url(ciphertext) };
	const body = { ...head, ...sent, ...(seen !== undefined && { head: seen }) };
	const signature = await sign(grantor.signing, context, canonical(body));
	return { ...body, signature: toBase64url(signature) };
}

/**
 * The keys in a grant for this recording. `grantorKey` is the Ed25519 key of the member `grant.grantor`
 * as the signed member list has it. Checks, in this order: the signature (`bad-signature`), that it is for
 * this recording and for a key of `identity` (`not-a-recipient`), that it opens (`open-failed`), and that
 * its key list is in order without duplicates (`bad-encoding`).
 */
export async function openGrant(options: {
	grant: Grant;
	recording: string;
	identity: Opener & { readonly publicIdentity: PublicIdentity };
	grantorKey: Bytes;
}): Promise<OpenedGrant> {
	const { signature, ...body } = parseGrant(options.grant);
	const message = canonical(body);
	const publicKey = options.grantorKey;
	if (!(await verify({ publicKey, context, message, signature: fromBase64url(signature) })))
		throw new CryptoError('bad-signature');
	const { id, recording, recipient, grantor, expiresAt } = body;
	const enc = fromBase64url(body.enc);
	const suite = suiteOfEnc(enc);
	if (recording !== options.recording) throw new CryptoError('not-a-recipient');
	if ((await keyId(keyOf(options.identity.publicIdentity, suite))) !== body.recipientKey)
		throw new CryptoError('not-a-recipient');
	const sealed = encodeBox({ suite, enc, ciphertext: fromBase64url(body.ciphertext) });
	const opener = options.identity;
	const plaintext = await openSealed({ opener, info: context, aad: aadOf(body), sealed });
	return { id, recording, recipient, grantor, expiresAt, keys: decodeKeys(plaintext) };
}

/** Which of these Ed25519 keys signed a grant, whoever it is for; undefined when none did. Throws `bad-encoding`. */
export async function grantSigner(
	grant: Grant,
	keys: readonly Bytes[],
): Promise<Bytes | undefined> {
	const { signature: text, ...body } = parseGrant(grant);
	const [message, signature] = [canonical(body), fromBase64url(text)];
	for (const publicKey of keys)
		if (await verify({ publicKey, context, message, signature })) return publicKey;
	return undefined;
}

/** SHA-256 of the public key that a grant for this identity is sealed to, as `recipientKey` has it. */
export function grantKeyOf(identity: PublicIdentity): Promise<string> {
	return keyId(keyOf(identity, preferredSuite(identity)));
}

type Head = Pick<Grant, 'recording' | 'recipient' | 'recipientKey' | 'grantor' | 'expiresAt'>;

function aadOf({ recording, recipient, recipientKey, grantor, expiresAt }: Head): Bytes {
	return canonical({ recording, recipient, recipientKey, grantor, expiresAt });
}

function keyOf(identity: PublicIdentity, suite: Suite): Bytes {
	const key = identity[suite];
	if (key === undefined) throw new CryptoError('not-a-recipient');
	return key;
}

async function keyId(publicKey: Bytes): Promise<string> {
	return toBase64url(await sha256(publicKey));
}
