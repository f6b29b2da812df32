import * as v from 'valibot';

const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/));

const Case = v.strictObject({
	name: v.string(),
	/** 32 bytes. */
	trackKey: Hex,
	recording: Hex,
	track: Hex,
	part: v.number(),
	/** The whole part as it was stored. */
	bytes: Hex,
	/** `refused`: not this format or version. `wrong-key`: key, header or named part do not belong together. */
	verdict: v.picklist(['complete', 'ends-early', 'altered', 'refused', 'wrong-key']),
	/** Segments that stay intact, the end not counted. */
	segments: v.number(),
});
export type Case = v.InferOutput<typeof Case>;

/** tests/vectors/strk-v1/vectors.json */
export const Vectors = v.strictObject({
	format: v.string(),
	schedule: v.strictObject({
		trackKey: Hex,
		header: Hex,
		key: Hex,
		baseNonce: Hex,
		commitment: Hex,
	}),
	/** Media payloads of the two parts. */
	payloads: v.strictObject({ free: v.array(Hex), fixed: v.array(Hex) }),
	cases: v.array(Case),
});
export type Vectors = v.InferOutput<typeof Vectors>;
