import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { type Facts, addYears, decide, endOfDay } from './decide.ts';
import { type Row, facilities, kindsOf, loadRules, professions, selectRows } from './rules.ts';

const all = await loadRules();
const pick = (jurisdiction: string, provider: string): Row => {
	const row = all.find(
		(it) => it.jurisdiction === jurisdiction && it.provider.startsWith(provider),
	);
	if (!row) throw new Error(`no row ${jurisdiction} ${provider}`);
	return row;
};
const of = (...rows: Row[]) => ({ rows, missing: [] });
const born = (date: string, recordedOn: string, lastVisit = recordedOn): Facts => ({
	patient: { born: date },
	recordedOn,
	lastVisit,
});

describe('the worked examples of the law’s data', () => {
	test('A. an adult, two states: the later of both', () => {
		const rows = of(pick('TX', 'physician'), pick('FL', 'physician'));
		const made = decide(rows, born('1980-05-02', '2026-03-10'));
		expect(made.says.map(({ row, keep }) => [row.jurisdiction, keep])).toEqual([
			['TX', '2033-03-10'],
			['FL', '2031-03-10'],
		]);
		expect(made).toMatchObject({ keep: '2033-03-10', destroyFrom: '2033-03-11', ask: [] });
		expect(made.by?.row.jurisdiction).toBe('TX');
	});
	test('B. a minor born on 29 February', () => {
		const rows = of(pick('CA', 'psychologist'), pick('US', 'psychologist'));
		const made = decide(rows, born('2012-02-29', '2026-05-20'));
		expect(made).toMatchObject({ keep: '2037-03-01', destroyFrom: '2037-03-02', ask: [] });
		expect(made.says[1]?.keep).toBe('2033-05-20');
	});
	test('C. a minor, three states', () => {
		const rows = of(pick('AL', 'physician'), pick('MD', 'any'), pick('NC', 'hospital'));
		const made = decide(rows, born('2011-07-04', '2026-09-01'));
		expect(made.says.map(({ keep }) => keep)).toEqual(['2041-07-04', '2036-09-01', '2032-07-04']);
		expect(made).toMatchObject({ keep: '2041-07-04', ask: [] });
	});
});

test('a ceiling below the date is shown and stops it: nothing is chosen silently', () => {
	const rows = of(pick('CO', 'licensed professional'), pick('US', 'psychologist'));
	const made = decide(rows, born('2020-01-15', '2026-03-01'));
	expect(made.keep).toBe('2045-01-15');
	expect(made.ask).toEqual([
		{ why: 'ceiling', row: pick('CO', 'licensed professional'), ceiling: '2038-03-01' },
	]);
});

test('of age is told by the day of the recording, not of the last visit', () => {
	const rows = of(pick('NC', 'hospital'));
	expect(decide(rows, born('2008-06-01', '2026-05-01', '2027-02-01'))).toMatchObject({
		keep: '2038-06-01',
		by: { minor: true },
	});
	expect(decide(rows, born('2008-06-01', '2026-06-01', '2027-02-01'))).toMatchObject({
		keep: '2038-02-01',
		by: { minor: false },
	});
});

test('a state without a rule for minors: three years after majority at least', () => {
	expect(decide(of(pick('FL', 'physician')), born('2015-06-01', '2026-02-01')).keep).toBe(
		'2036-06-01',
	);
	// Majority is 19 in Alabama and 21 in Mississippi.
	expect(decide(of(pick('MS', 'hospital')), born('2006-06-01', '2026-05-31')).by?.minor).toBe(true);
});

test('what nobody knows is asked: a row that blocks, a state without a row, an age', () => {
	const blocking = decide(of(pick('GA', 'hospital')), born('2015-06-01', '2026-02-01'));
	expect(blocking.ask).toEqual([{ why: 'row', row: pick('GA', 'hospital') }]);
	const wa = selectRows(all, {
		states: ['WA'],
		profession: 'psychologist',
		facility: 'hospital',
		managedCare: false,
	});
	expect(decide(wa, born('1990-01-01', '2026-02-01')).ask.map(({ why }) => why)).toEqual(['row']);
	const none = { profession: 'psychologist', facility: 'none', managedCare: false } as const;
	const puerto = selectRows(all, { states: ['PR', 'CA'], ...none });
	expect(decide(puerto, born('1990-01-01', '2026-02-01')).ask).toEqual([
		{ why: 'missing', state: 'PR', kind: 'psychologist' },
	]);
	const nowhere = selectRows(all, { states: [], ...none });
	expect(nowhere.missing).toHaveLength(1);
	const facts = { patient: 'unknown', recordedOn: '2026-02-01', lastVisit: '2026-02-01' } as const;
	expect(decide(selectRows(all, { states: ['CA'], ...none }), facts).ask).toEqual([{ why: 'age' }]);
});

test('the practice’s own years are one more that the latest is taken of', () => {
	const rows = of(pick('FL', 'physician'));
	const facts = born('1980-01-01', '2026-02-01');
	expect(decide(rows, facts, { years: 3 })).toMatchObject({ keep: '2031-02-01' });
	expect(decide(rows, facts, { years: 10 })).toMatchObject({ keep: '2036-02-01', by: undefined });
	expect(decide({ rows: [], missing: [] }, facts)).toMatchObject({ keep: null, destroyFrom: null });
});

test('29 February goes to 1 March, in two steps where majority lies between', () => {
	expect(addYears('2012-02-29', 24)).toBe('2036-02-29');
	expect(addYears(addYears('2012-02-29', 18), 6)).toBe('2036-03-01');
	const maine = decide(of(pick('ME', 'hospital')), born('2012-02-29', '2026-05-20'));
	expect(maine.keep).toBe('2036-03-01');
	expect(addYears('2024-02-29', 1)).toBe('2025-03-01');
	expect(addYears('2096-02-29', 4)).toBe('2100-03-01');
});

test('a day ends where the practice is, when clocks change too', () => {
	expect(endOfDay('2033-03-10', 'America/Chicago')).toBe(Date.parse('2033-03-11T06:00Z') - 1);
	expect(endOfDay('2026-03-08', 'America/New_York')).toBe(Date.parse('2026-03-09T04:00Z') - 1);
	expect(endOfDay('2026-11-01', 'America/New_York')).toBe(Date.parse('2026-11-02T05:00Z') - 1);
});

test('dates that cannot be are refused', () => {
	const rows = of(pick('FL', 'physician'));
	expect(() => decide(rows, born('2015-06-01', '2026-02-02', '2026-02-01'))).toThrow(RangeError);
	expect(() => decide(rows, born('2027-06-01', '2026-02-02'))).toThrow(RangeError);
	expect(() => decide(rows, born('2015-02-30', '2026-02-02'))).toThrow(RangeError);
});

const date = fc
	.integer({ min: 0, max: 40_000 })
	.map((days) => Temporal.PlainDate.from('1980-01-01').add({ days }).toString());
const facts = fc.tuple(date, date, date).map((days): Facts => {
	const [first = '', second = '', third = ''] = days.toSorted();
	return { patient: { born: first }, recordedOn: second, lastVisit: third };
});
const applies = fc.record({
	states: fc.uniqueArray(fc.constantFrom(...new Set(all.map(({ jurisdiction }) => jurisdiction)))),
	profession: fc.constantFrom(...professions),
	facility: fc.constantFrom(...facilities),
	managedCare: fc.boolean(),
});

test('never earlier than any row alone, nor than any row’s years from the last visit', () => {
	fc.assert(
		fc.property(applies, facts, (wish, known) => {
			const selected = selectRows(all, wish);
			const made = decide(selected, known);
			const keep = made.keep ?? '';
			const { rows } = selected;
			const shorter = rows.filter((row) => {
				const alone = decide(of(row), known).keep ?? '';
				const plain = row.adultYears === null ? '' : addYears(known.lastVisit, row.adultYears);
				return keep < alone || alone < plain;
			});
			expect(shorter).toEqual([]);
			const blocking = rows.filter(({ blockAutoDestroy }) => blockAutoDestroy);
			const asked = made.ask.flatMap((one) => (one.why === 'row' ? [one.row] : []));
			expect(asked).toEqual(blocking);
		}),
	);
});

test('one more state, a later visit, or years of the practice never make it earlier', () => {
	fc.assert(
		fc.property(applies, facts, fc.integer({ min: 0, max: 4000 }), (wish, known, more) => {
			const before = decide(selectRows(all, wish), known).keep ?? '';
			const states = [...wish.states, 'CA'];
			const wider = decide(selectRows(all, { ...wish, states }), known).keep ?? '';
			const lastVisit = Temporal.PlainDate.from(known.lastVisit).add({ days: more }).toString();
			const visited = decide(selectRows(all, wish), { ...known, lastVisit }).keep ?? '';
			const own = decide(selectRows(all, wish), known, { years: 12 }).keep ?? '';
			for (const one of [wider, visited, own]) expect(one >= before).toBe(true);
		}),
	);
});

const believed = ({ confidence, blockAutoDestroy }: Row) =>
	!blockAutoDestroy || !confidence.endsWith('unverified');

test('every provider of the data is known, and every row has a source or says that it has none', () => {
	expect(all).toHaveLength(104);
	expect(all.filter((row) => kindsOf(row) === undefined)).toEqual([]);
	const unsourced = all.filter(({ source }) => source.length === 0);
	expect(unsourced.length).toBeGreaterThan(0);
	expect(unsourced.filter(believed)).toEqual([]);
});
