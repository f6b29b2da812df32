import * as v from 'valibot';
import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, Moment, bytesText } from '#crypto/schema.ts';

const line = v.pipe(v.string(), v.maxLength(2000));

const CaptureSchema = v.strictObject({
	v: v.literal(1),
	recording: Id,
	practice: Id,
	member: Id,
	recorder: bytesText(32),
	title: line,
	purpose: line,
	consent: line,
	at: Moment,
});

/**
 * Why a tab is captured, and what whoever captures it says about the consent of those in it: nobody else signs,
 * because a tab has no participants whom the practice knows.
 */
export interface Capture {
	readonly recording: string;
	/** Id of the practice. */
	readonly practice: string;
	/** Id of the member who answers for it. */
	readonly member: string;
	/** 32 bytes: the only key whose manifest and checkpoints are believed. */
	readonly recorder: Bytes;
	readonly title: string;
	readonly purpose: string;
	/** In words. */
	readonly consent: string;
	/** Milliseconds since 1970. */
	readonly at: number;
}

/** The member's statement, which certifies the recorder too. */
export function signCapture(options: { member: SigningKey; capture: Capture }): Promise<Signed> {
	const { recording, practice, member, title, purpose, consent, at } = options.capture;
	const recorder = toBase64url(options.capture.recorder);
	const value = { v: 1, recording, practice, member, recorder, title, purpose, consent, at };
	return signJson({ key: options.member, context: 'sotto/capture/v1', value });
}

/** The statement, after its signature by `memberKey` was checked. Throws `bad-signature`, `bad-encoding`. */
export async function verifyCapture(options: {
	signed: Signed;
	memberKey: Bytes;
}): Promise<Capture> {
	const { signed, memberKey: publicKey } = options;
	const { v: _, ...capture } = await openSigned({
		signed,
		publicKey,
		context: 'sotto/capture/v1',
		schema: CaptureSchema,
	});
	return capture;
}
