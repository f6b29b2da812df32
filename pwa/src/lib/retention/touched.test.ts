import { expect, test } from 'vitest';
import type { Purpose, RetentionList } from '#protocol/retention.ts';
import { touchedBy } from './touched.ts';

const day = 24 * 60 * 60_000;
const zone = 'UTC';
const startedAt = Date.parse('2026-03-01T10:00Z');
const midnight = Date.parse('2026-03-02T00:00Z') - 1;
const rules = {
	record: {
		states: [],
		profession: 'psychologist' as const,
		facility: 'none' as const,
		managedCare: false,
		years: null,
	},
	supervision: { days: 30 },
	quality: { days: null },
	note: { minutes: 60 },
};
type Row = RetentionList['recordings'][number];
const row = (
	purpose: Purpose | null,
	keptUntil: number | null,
	change: Partial<Row> = {},
): Row => ({
	recording: 'A',
	version: 0,
	purpose,
	keptUntil,
	minutes: null,
	hold: false,
	endsAt: keptUntil,
	statement: null,
	startedAt,
	host: 'B',
	...change,
});
const of = (...list: Row[]) =>
	touchedBy(rules, { list, zone }).map(({ from, to, shorter }) => [from, to, shorter]);

test('longer, shorter, and the same', () => {
	const to = midnight + 30 * day;
	expect(of(row('supervision', midnight + day))).toEqual([[midnight + day, to, false]]);
	expect(of(row('supervision', midnight + 40 * day))).toEqual([[midnight + 40 * day, to, true]]);
	expect(of(row('supervision', null))).toEqual([[null, to, true]]);
	expect(of(row('supervision', to))).toEqual([]);
	expect(of(row('quality', to))).toEqual([[to, null, false]]);
});

test('a hold, other purposes, and a later day that somebody signed are left alone', () => {
	const later = midnight + 40 * day;
	expect(of(row('supervision', later, { hold: true }))).toEqual([]);
	expect(of(row('record', later), row('note', null), row('legal', null), row(null, 5))).toEqual([]);
	expect(of(row('supervision', later, { version: 1 }))).toEqual([]);
	expect(of(row('supervision', midnight, { version: 1 }))).toHaveLength(1);
});
