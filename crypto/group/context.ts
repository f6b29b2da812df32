import * as v from 'valibot';
import { type Bytes, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { Id, bytesText, canonicalText, parseJson } from '#crypto/schema.ts';
import { type Evidence, EvidenceSchema, evidenceJson, evidenceSizeMax } from './evidence.ts';
import { EpochRefused, demand } from './refusal.ts';

/** Most bytes of the extension: the evidence and five short fields. */
export const contextSizeMax = evidenceSizeMax + 1024;

const Generation = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const ContextSchema = v.strictObject({
	v: v.literal(1),
	session: Id,
	generation: Generation,
	previous: bytesText(32),
	receipts: bytesText(32),
	evidence: EvidenceSchema,
});

/** What our GroupContext extension says; every member's keys depend on each byte of it. */
export interface Context {
	readonly session: string;
	/** 1, 2, 3... */
	readonly generation: number;
	/** SHA-256 of the authenticator of the epoch before; zeros when the creator had none. */
	readonly previous: Bytes;
	/** SHA-256 over the consents in force. */
	readonly receipts: Bytes;
	readonly evidence: Evidence;
}

/** The bytes of a context: canonical JSON. Throws `EpochRefused` `too-large`. */
export function encodeContext(context: Context): Bytes {
	const { session, generation, previous, receipts, evidence } = context;
	const hashes = { previous: toBase64url(previous), receipts: toBase64url(receipts) };
	const value = { v: 1, session, generation, ...hashes, evidence: evidenceJson(evidence) };
	const bytes = utf8(canonicalText(value));
	demand(bytes.length <= contextSizeMax, 'too-large');
	return bytes;
}

/** The context of its bytes. Throws `EpochRefused` `too-large`, and `bad-context` for bytes that `encodeContext` would not give. */
export function decodeContext(bytes: Uint8Array): Context {
	demand(bytes.length <= contextSizeMax, 'too-large');
	try {
		const text = fromUtf8(bytes);
		const { v: _, ...context } = parseJson(ContextSchema, text);
		demand(fromUtf8(encodeContext(context)) === text, 'bad-context');
		return context;
	} catch (cause) {
		if (cause instanceof EpochRefused) throw cause;
		if (cause instanceof CryptoError) throw new EpochRefused('bad-context', { cause });
		throw cause;
	}
}
