/** Milliseconds since the start of the recording, `from` up to, not including, `to`. */
export interface Span {
	readonly from: number;
	readonly to: number;
}

/** Whether the span holds this time. */
export function holds(span: Span, at: number): boolean {
	return at >= span.from && at < span.to;
}

/** The spans in order, with those that touch joined and empty ones left out. */
export function joined(spans: readonly Span[]): Span[] {
	const result: Span[] = [];
	for (const span of spans.toSorted((a, b) => a.from - b.from)) {
		const last = result.at(-1);
		if (span.from >= span.to) continue;
		if (last && span.from <= last.to)
			result.splice(-1, 1, { from: last.from, to: Math.max(last.to, span.to) });
		else result.push(span);
	}
	return result;
}

/** The first time from `at` on that no gap holds. Gaps must be joined. */
export function skipGaps(gaps: readonly Span[], at: number): number {
	return gaps.find((gap) => holds(gap, at))?.to ?? at;
}

/** What is left of `whole` without the gaps. Gaps must be joined. */
export function without(whole: Span, gaps: readonly Span[]): Span[] {
	const result: Span[] = [];
	let { from } = whole;
	for (const gap of gaps) {
		if (gap.to <= from || gap.from >= whole.to) continue;
		if (gap.from > from) result.push({ from, to: gap.from });
		from = gap.to;
	}
	if (from < whole.to) result.push({ from, to: whole.to });
	return result;
}

/** Where a time stands on a line of this length, from 0 to 100. */
export function percentOf(at: number, durationMs: number): number {
	return durationMs > 0 ? Math.min(100, Math.max(0, (at / durationMs) * 100)) : 0;
}

const stepsSeconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const ticksMax = 6;

/** Round times for the scale: few enough to be read, the end as the last. */
export function ticks(durationMs: number): number[] {
	if (durationMs <= 0) return [0];
	const longest = stepsSeconds.at(-1) ?? 3600;
	const seconds =
		stepsSeconds.find((step) => durationMs / (step * 1000) <= ticksMax) ??
		longest * Math.ceil(durationMs / 1000 / longest / ticksMax);
	const step = seconds * 1000;
	const round = Array.from({ length: Math.ceil(durationMs / step) }, (_, index) => index * step);
	// A tick close to the end would be printed over the end.
	return [...round.filter((at) => at === 0 || durationMs - at > step * 0.6), durationMs];
}
