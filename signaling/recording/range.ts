/** The first byte and the one after the last. */
export interface Range {
	from: number;
	to: number;
}

/**
 * One range of RFC 9110 §14.1.2, cut to the size of the object and to `max` bytes. `undefined` = there is
 * none, or one that a server may ignore (another unit, several ranges): the answer is the whole. `null` =
 * it cannot be satisfied (§15.5.17).
 */
export function parseRange(
	header: string | undefined,
	options: { size: number; max: number },
): Range | null | undefined {
	const { size, max } = options;
	const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
	if (!match) return undefined;
	const [, first = '', last = ''] = match;
	if (first === '' && last === '') return undefined;
	if (first === '') {
		const length = Math.min(Number(last), size);
		if (length === 0) return null;
		return { from: size - length, to: Math.min(size - length + max, size) };
	}
	const from = Number(first);
	const end = last === '' ? size : Math.min(Number(last) + 1, size);
	if (last !== '' && Number(last) < from) return undefined;
	if (from >= size) return null;
	return { from, to: Math.min(end, from + max) };
}
