import * as v from 'valibot';

const line = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));

export const Part2Schema = v.strictObject({
	program: line,
	what: line,
	to: line,
	revoke: line,
	ends: line,
	care: v.boolean(),
	refusal: line,
});

/**
 * What a written consent to disclose a record of substance use disorder treatment says besides the notice (42 CFR
 * 2.31(a)), in words. The purpose (5) stands in the notice; the patient's name (1), signature (8) and date (9) stand in
 * her receipt.
 */
export interface Part2 {
	/** (2) Who may disclose it. */
	readonly program: string;
	/** (3) What may be disclosed. */
	readonly what: string;
	/** (4) To whom. */
	readonly to: string;
	/** (6) How she takes it back, and from when on that holds. */
	readonly revoke: string;
	/** (7) The day or the event with which it ends. */
	readonly ends: string;
	/** (4)(iii), (10)(i) For treatment, payment and health care operations: whoever gets it may pass it on under HIPAA. */
	readonly care: boolean;
	/** (10)(ii) What happens when she does not sign. */
	readonly refusal: string;
}

/** Whether a notice, whose signature is not checked here, is one of 42 CFR Part 2. */
export function isPart2({ text }: { readonly text: string }): boolean {
	const Marked = v.looseObject({ part2: Part2Schema });
	return v.safeParse(v.pipe(v.string(), v.parseJson(), Marked), text).success;
}
