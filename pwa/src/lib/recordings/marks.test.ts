import { expect, test } from 'vitest';
import { type Said, consentMarks } from './marks.ts';

const startedAt = 1_800_000_000_000;
const recording = { startedAt, durationMs: 60_000 };
const row = (act: Said['act'], afterMs: number): Said => ({
	at: startedAt + afterMs,
	act,
	who: 'dana',
});

test('what was said about being recorded while it ran is marked at its time, and nothing else', () => {
	const history = [
		row('consented', -5_000),
		row('withdrew', 12_000),
		row('consented', 30_000),
		row('opened', 40_000),
		row('withdrew', 61_000),
	];
	const marks = consentMarks({ ...recording, history }, ({ act, who }) => `${who} ${act}`);
	expect(marks.map(({ atMs, kind, text }) => [atMs, kind, text])).toEqual([
		[12_000, 'consent', 'dana withdrew'],
		[30_000, 'consent', 'dana consented'],
	]);
	expect(new Set(marks.map(({ id }) => id)).size).toBe(2);
});
