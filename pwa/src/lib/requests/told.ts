import * as v from 'valibot';

/**
 * Why something may be given away. `person`: to whom it is about, or who speaks for her; `care`: treatment, payment,
 * health care operations; `authorized`: she said so in writing; `other`: anything else, such as a law; `unsaid`: nobody asked. The last two
 * are counted in an accounting (45 CFR 164.528(a)(1)); all are written down.
 */
export const Basis = v.picklist(['person', 'care', 'authorized', 'other', 'unsaid']);
export type Basis = v.InferOutput<typeof Basis>;

const line = v.pipe(v.string(), v.maxLength(500));
/** What is written down of a disclosure, sealed. */
export const Disclosed = v.strictObject({
	v: v.literal(1),
	/** Who received it. */
	to: line,
	/** Where she can be reached, as far as it is known; may be empty. */
	address: line,
	/** What it was: a brief description. */
	what: line,
	purpose: line,
	basis: Basis,
	/** Names of those whose part it was. */
	people: v.array(line),
});
export type Disclosed = v.InferOutput<typeof Disclosed>;

/** Whether it belongs into an accounting for whom it is about: all that the law does not leave out. */
export const isCounted = (basis: Basis): boolean => basis === 'other' || basis === 'unsaid';
