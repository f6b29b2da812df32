import * as v from 'valibot';
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import { Id, Signed } from '#protocol/text.ts';
import { envelopeOf, envelopeText } from './messages.ts';

/** What the host writes to somebody who waits: she is in no key group yet, so it is sealed to the key of her knock. */
const NoteText = v.strictObject({
	v: v.literal(1),
	session: Id,
	seat: Id,
	text: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
	/** Milliseconds since 1970. */
	at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});
export type NoteText = v.InferOutput<typeof NoteText>;

const info = 'sotto/note/v1';
const quantumBytes = 1024;
const SignedText = v.pipe(v.string(), v.parseJson(), Signed);

interface Where {
	readonly session: string;
	/** Of whoever waits. */
	readonly seat: string;
}

const aad = ({ session, seat }: Where): Bytes => canonical([session, seat]);

/** A body for the relay; no generation has its number, so that it is no message of a group. */
export async function sealNote(
	options: Where & { host: SigningKey; to: Bytes; text: string; at: number },
): Promise<string> {
	const { host, to, session, seat, text, at } = options;
	const value = { v: 1, session, seat, text, at };
	const signed = await signJson({ key: host, context: info, value });
	const plaintext = utf8(JSON.stringify(signed));
	const box = { to: { x25519: to }, info, aad: aad(options), plaintext, quantumBytes };
	return envelopeText({ generation: 0, sealed: await sealTo(box) });
}

/** The note of a body; undefined when the body is something else. Throws CryptoError when it is not by the host, or not for this seat. */
export async function openNote(
	options: Where & { identity: Identity; hostKey: Bytes; body: string },
): Promise<NoteText | undefined> {
	const { identity, hostKey, session, seat, body } = options;
	const { generation, sealed } = envelopeOf(body);
	if (generation !== 0) return undefined;
	const opened = await openSealed({ opener: identity, info, aad: aad(options), sealed });
	const signed = v.safeParse(SignedText, fromUtf8(opened));
	if (!signed.success) throw new CryptoError('bad-encoding');
	const note = await openSigned({
		signed: signed.output,
		publicKey: hostKey,
		context: info,
		schema: NoteText,
	});
	if (note.session !== session || note.seat !== seat) throw new CryptoError('bad-signature');
	return note;
}

/** The key that a note is sealed to, as it stands in a knock. */
export const replyText = (key: Bytes): string => toBase64url(key);
/** Throws `bad-encoding`. */
export const replyOf = (text: string | undefined): Bytes | null =>
	text === undefined ? null : fromBase64url(text);
