import { assert } from '#crypto/errors.ts';

const generationBits = 4n;
const generationMask = 15;
/** Highest leaf: six people and a recorder sit on leaves 0 to 6, and 3 bits hold one more. */
export const leafMax = 7;

/** RFC 9605 §5.2 with E = 4, S = 3 and no context: the leaf, then the low bits of the generation. Throws TypeError out of range. */
export function kidOf(options: { leaf: number; generation: number }): bigint {
	const { leaf, generation } = options;
	assert(Number.isInteger(leaf) && leaf >= 0 && leaf <= leafMax, 'a leaf is 0 to 7');
	assert(Number.isSafeInteger(generation) && generation >= 0, 'a generation is a whole number');
	return (BigInt(leaf) << generationBits) | BigInt(slotOf(generation));
}

/** The place of a generation among 16: `generation mod 16`. */
export function slotOf(generation: number): number {
	return generation % (generationMask + 1);
}
