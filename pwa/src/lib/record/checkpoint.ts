import * as v from 'valibot';
import { type Signed, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { limits } from '#protocol/limits.ts';
import { Bytes32, Count, Id, Time } from '#protocol/text.ts';
import type { Step } from './parts.ts';

/** How far the parts of a recording had come at the server. Signed by the recorder, one every 10 s. */
export const Checkpoint = v.strictObject({
	v: v.literal(1),
	recording: Id,
	/** 0, 1, 2... */
	n: Count,
	at: Time,
	parts: v.array(
		v.strictObject({ track: Id, part: Count, segments: Count, bytes: Count, digest: Bytes32 }),
	),
});
export type Checkpoint = v.InferOutput<typeof Checkpoint>;

/** Characters of one row of `parts`, at most. */
const rowChars = 200;

/** A signed checkpoint. Of very many parts it states the last ones; older ones stand in older checkpoints. */
export function signCheckpoint(options: {
	recording: string;
	signing: SigningKey;
	n: number;
	at: number;
	steps: readonly Step[];
}): Promise<Signed> {
	const { recording, signing: key, n, at, steps } = options;
	const parts = steps
		.slice(-Math.floor(limits.signedTextChars / rowChars))
		.map(({ track, part, segments, bytes, digest }) => ({ track, part, segments, bytes, digest }));
	const value = { v: 1, recording, n, at, parts };
	return signJson({ key, context: 'sotto/checkpoint/v1', value });
}
