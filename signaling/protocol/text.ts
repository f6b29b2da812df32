import * as v from 'valibot';
import { limits } from './limits.ts';

/** 16 random bytes as base64url. */
export const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{21}[AQgw]$/));
export type Id = v.InferOutput<typeof Id>;

/** Bytes as unpadded base64url of at most `chars` characters. */
export const bytes = (chars: number) =>
	v.pipe(v.string(), v.maxLength(chars), v.regex(/^[A-Za-z0-9_-]*$/));

/** 32 bytes as base64url: an Ed25519 or X25519 public key, a hash, a half of a key. */
export const Bytes32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/));

/** An Ed25519 signature as base64url. */
export const Signature = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{85}[AQgw]$/));

/** Bytes sealed by a client; the server cannot tell what they say. */
export const Sealed = bytes(limits.sealedChars);

/** Milliseconds since 1970 in UTC. */
export const Time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A count or a place in a sequence. */
export const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Text that a person reads. */
export const line = (chars: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(chars));

/** An e-mail address, lower case. */
export const Email = v.pipe(v.string(), v.trim(), v.toLowerCase(), v.email(), v.maxLength(254));

/** The public half of somebody's keys. X-Wing (ML-KEM-768 with X25519) where the person has an account. */
export const PublicIdentity = v.strictObject({
	ed25519: Bytes32,
	x25519: Bytes32,
	xwing: v.optional(bytes(1622)),
});
export type PublicIdentity = v.InferOutput<typeof PublicIdentity>;

/** A canonical JSON text (RFC 8785) and who signed it; readers verify the bytes of `text` before they parse them. */
export const Signed = v.strictObject({
	text: line(limits.signedTextChars),
	signature: Signature,
});
export type Signed = v.InferOutput<typeof Signed>;

/** The signed member list: everybody's public keys make it longer than other signed texts. */
export const SignedList = v.strictObject({
	text: line(limits.memberListChars),
	signature: Signature,
});
