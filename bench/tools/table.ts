/** One line for the person at the terminal. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Rows as columns of text; the keys of the first are the heads. */
export function table(rows: readonly Record<string, string | number>[]): void {
	const heads = Object.keys(rows[0] ?? {});
	const lines = [heads, ...rows.map((row) => heads.map((head) => `${row[head] ?? ''}`))];
	const widths = heads.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
	for (const line of lines)
		say(`  ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
}

/** The middle of what was measured. Throws RangeError when nothing was. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
	if (low === undefined || high === undefined) throw new RangeError('nothing was measured');
	return (low + high) / 2;
}

/** Rounded to three figures that mean something. */
export const round = (value: number): number => Number(value.toPrecision(3));

/** Smallest to largest, for the reader's trust in the middle. */
export function range(values: readonly number[]): string {
	return `${round(Math.min(...values))}..${round(Math.max(...values))}`;
}
