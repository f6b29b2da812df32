/** Whether two lists hold the same in the same order. */
export const same = <T>(
	a: readonly T[],
	b: readonly T[],
	equal: (one: T, other: T) => boolean = Object.is,
): boolean =>
	a.length === b.length &&
	a.every((one, at) => {
		const other = b[at];
		return other !== undefined && equal(one, other);
	});
