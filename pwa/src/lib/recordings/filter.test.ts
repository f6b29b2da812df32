import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Brief } from '#protocol/briefs.ts';
import { type Entry, type Filters, type Summary, choices, filtered } from './filter.ts';

const now = Date.UTC(2026, 10, 22);
const dayMs = 86_400_000;
const none: Filters = { search: '', person: '', purpose: '', state: '', kept: '' };

const brief = (change: Partial<Brief> = {}): Brief => ({
	id: 'AAAAAAAAAAAAAAAAAAAAAA',
	source: 'call',
	session: null,
	host: 'AAAAAAAAAAAAAAAAAAAAAA',
	state: 'finished',
	startedAt: now,
	lastSeenAt: now,
	recording: false,
	finishedAt: now,
	bytes: 1,
	recipients: [],
	summary: 1,
	notes: 1,
	deletionAsked: false,
	keeping: null,
	...change,
});

const entry = (change: Partial<Summary> = {}, row: Partial<Brief> = {}): Entry => ({
	row: brief(row),
	failure: undefined,
	summary: {
		title: 'Individual session',
		people: [
			{ name: 'Dr. Maya Okafor', role: 'host' },
			{ name: 'José Ferreira', role: 'participant' },
		],
		purpose: 'Supervision',
		keptUntil: now + 10 * dayMs,
		durationMs: 1,
		ending: { is: 'complete' },
		notes: 'Talked about the garden',
		...change,
	},
});

const finds = (entries: readonly Entry[], filters: Partial<Filters>) =>
	filtered(entries, { ...none, ...filters }, now);

test('names, titles, purposes and notes are found in any case, without accents, in any order of the words', () => {
	const all = [entry()];
	for (const search of ['jose', 'FERREIRA', 'session individual', 'supervision', 'garden jose'])
		expect(finds(all, { search })).toEqual(all);
	for (const search of ['dana', 'garden dana']) expect(finds(all, { search })).toEqual([]);
});

test('what was not read yet is found by its state alone', () => {
	const unread = { ...entry({}, { state: 'live' }), summary: undefined };
	expect(finds([unread], {})).toEqual([unread]);
	expect(finds([unread], { state: 'interrupted' })).toEqual([unread]);
	for (const filters of [
		{ search: 'a' },
		{ person: 'Dana' },
		{ purpose: 'x' },
		{ kept: 'none' },
	] as const)
		expect(finds([unread], filters)).toEqual([]);
});

test('each filter leaves what it says', () => {
	const soon = entry();
	const later = entry({ keptUntil: now + 4000 * dayMs, purpose: 'Medical record' });
	const open = entry({ keptUntil: null }, { deletionAsked: true });
	const running = entry({}, { state: 'live', recording: true });
	const all = [soon, later, open, running];
	expect(finds(all, { kept: 'month' })).toEqual([soon, running]);
	expect(finds(all, { kept: 'later' })).toEqual([later]);
	expect(finds(all, { kept: 'none' })).toEqual([open]);
	const held = entry({}, { keeping: { endsAt: null, hold: true } });
	expect(finds([...all, held], { kept: 'hold' })).toEqual([held]);
	expect(finds([held], { kept: 'none' })).toEqual([]);
	expect(finds(all, { purpose: 'Medical record' })).toEqual([later]);
	expect(finds(all, { state: 'asked' })).toEqual([open]);
	expect(finds(all, { state: 'recording' })).toEqual([running]);
	expect(finds(all, { state: 'finished', person: 'José Ferreira' })).toEqual([soon, later, open]);
	expect(finds(all, { person: 'Jose Ferreira' })).toEqual([]);
});

test('filters never make anything up, and keep the order', () => {
	const value = fc.record({
		search: fc.string(),
		person: fc.string(),
		purpose: fc.string(),
		state: fc.constantFrom('', 'finished', 'recording', 'interrupted', 'asked'),
		kept: fc.constantFrom('', 'month', 'year', 'later', 'none'),
	});
	const text = fc.record({ title: fc.string(), notes: fc.string(), purpose: fc.string() });
	fc.assert(
		fc.property(fc.array(text, { maxLength: 20 }), value, (texts, filters) => {
			const all = texts.map((one) => entry(one));
			const found = filtered(all, { ...none, ...filters }, now);
			const places = found.map((one) => all.indexOf(one));
			expect(places).toEqual(places.toSorted((a, b) => a - b));
			expect(places).not.toContain(-1);
		}),
	);
});

test('every name and purpose can be chosen once', () => {
	expect(choices([entry(), entry({ purpose: '' })])).toEqual({
		people: ['Dr. Maya Okafor', 'José Ferreira'],
		purposes: ['Supervision'],
	});
});
