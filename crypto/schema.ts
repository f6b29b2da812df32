import * as v from 'valibot';
import { type Bytes, fromBase64url, fromUtf8 } from './bytes.ts';
import { type Json, canonical } from './canonical.ts';
import { CryptoError } from './errors.ts';

/** Text of exactly `length` bytes in unpadded base64url; gives the bytes. */
export function bytesText(length: number) {
	return v.pipe(
		v.string(),
		v.length(Math.ceil((length * 4) / 3)),
		v.rawTransform<string, Bytes>(({ dataset, addIssue, NEVER }) => {
			try {
				return fromBase64url(dataset.value);
			} catch (error) {
				if (!(error instanceof CryptoError)) throw error;
			}
			addIssue({ message: `not ${length} bytes` });
			return NEVER;
		}),
	);
}

/** An id (session, person, recording, track...): 16 bytes as 22 characters, kept as text. */
export const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{21}[AQgw]$/));

/** A moment in milliseconds since 1970, whole. */
export const Moment = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** `value` in the shape of `schema`. Throws `bad-encoding` when it is not. */
export function parse<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
	const result = v.safeParse(schema, value);
	if (!result.success) throw new CryptoError('bad-encoding');
	return result.output;
}

/** The JSON of a text, in the shape of `schema`. Throws `bad-encoding` when it is no JSON or not of the shape. */
export function parseJson<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		throw new CryptoError('bad-encoding', { cause });
	}
	return parse(schema, value);
}

/** The text of a JSON value that is signed and sent: RFC 8785, so the same value has one text. */
export function canonicalText(value: Json): string {
	return fromUtf8(canonical(value));
}
