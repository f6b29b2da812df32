import { expect, test } from 'vitest';
import type { RetentionRules } from '#protocol/retention.ts';
import { type Wish, endsSooner, noticed, planKept } from './plan.ts';
import { loadRules } from './rules.ts';

const law = await loadRules();
const zone = 'America/New_York';
const rules: RetentionRules = {
	record: {
		states: ['TX'],
		profession: 'physician',
		facility: 'none',
		managedCare: false,
		years: null,
	},
	supervision: { days: 30 },
	quality: { days: null },
	note: { minutes: 60 },
};
const basis = { rules, law, zone };
const wish: Wish = {
	purpose: 'record',
	recordedAt: Date.parse('2026-03-10T15:00Z'),
	patient: 'adult',
	states: ['FL'],
};
const day = (at: number | null) => at && new Date(at + 1).toISOString();

test('part of the medical record: the latest rule of licence, practice and patient', () => {
	const plan = planKept(basis, wish);
	expect(plan.decision?.keep).toBe('2033-03-10');
	// It ends with the day, by the practice's clock.
	expect(day(plan.keptUntil)).toBe('2033-03-11T05:00:00.000Z');
	expect(planKept(basis, { ...wish, lastVisit: '2027-01-05' }).decision?.keep).toBe('2034-01-05');
	// A visit before the recording is not the last.
	expect(planKept(basis, { ...wish, lastVisit: '2020-01-05' }).decision?.keep).toBe('2033-03-10');
});

test('what is not known gives no date, and the practice’s own years answer what they can', () => {
	const asked = (change: Partial<Wish>, years: number | null = null) => {
		const plan = planKept(
			{ ...basis, rules: { ...rules, record: { ...rules.record, years } } },
			{ ...wish, ...change },
		);
		return [plan.keptUntil === null, plan.ask.map(({ why }) => why)];
	};
	expect(asked({ states: [] })).toEqual([true, ['missing']]);
	expect(asked({ states: ['PR'] })).toEqual([true, ['missing']]);
	expect(asked({ states: ['PR'] }, 10)).toEqual([false, []]);
	// Where the patient was, and what a rule forbids, no years of a practice say.
	expect(asked({ states: [] }, 7)).toEqual([true, ['missing']]);
	expect(asked({ states: ['WA'] })).toEqual([true, ['row']]);
	expect(asked({ states: ['WA'] }, 10)).toEqual([true, ['row']]);
	expect(asked({ states: ['WA', 'PR'] }, 10)).toEqual([true, ['row']]);
	expect(asked({ patient: 'unknown' }, 10)).toEqual([true, ['age']]);
	expect(planKept({ ...basis, rules: undefined }, wish)).toEqual({
		keptUntil: null,
		hold: false,
		ask: [],
	});
});

test('a ceiling is never answered by itself', () => {
	const record = { ...rules.record, states: ['CO'], profession: 'therapist' as const, years: 30 };
	const plan = planKept(
		{ ...basis, rules: { ...rules, record } },
		{ ...wish, states: ['CO'], patient: { born: '2020-01-15' } },
	);
	expect([plan.keptUntil, plan.ask.map(({ why }) => why)]).toEqual([null, ['ceiling']]);
});

const minor = (born: string, states: string[]) =>
	planKept(
		{
			...basis,
			rules: { ...rules, record: { ...rules.record, states, profession: 'therapist' } },
		},
		{ ...wish, states, patient: { born } },
	);

test('of a minor the end of the year is told, and the day itself where a ceiling comes before', () => {
	const california = minor('2010-06-15', ['CA']);
	expect(california.decision?.keep).toBe('2035-06-15');
	expect(day(california.keptUntil)).toBe('2036-01-01T05:00:00.000Z');
	// The ceiling is on 10 March 2038.
	const colorado = minor('2013-02-01', ['CO']);
	expect([colorado.decision?.keep, day(colorado.keptUntil)]).toEqual([
		'2038-02-01',
		'2038-02-02T05:00:00.000Z',
	]);
});

test('each purpose has its own time', () => {
	const of = (purpose: Wish['purpose']) => planKept(basis, { ...wish, purpose });
	// Clocks change in between.
	expect(day(of('supervision').keptUntil)).toBe('2026-04-10T04:00:00.000Z');
	expect(of('quality')).toMatchObject({ keptUntil: null, hold: false });
	expect(of('note')).toMatchObject({ keptUntil: null, minutes: 60 });
	expect(of('legal')).toMatchObject({ keptUntil: null, hold: true });
	const note = { ...wish, purpose: 'note' } as const;
	expect(noticed(note, of('note'))).toEqual({
		keptUntil: null,
		keeping: { purpose: 'note', minutes: 60 },
	});
});

test('no date is later than any', () => {
	expect([endsSooner(null, 5), endsSooner(5, 4), endsSooner(5, null), endsSooner(5, 5)]).toEqual([
		true,
		true,
		false,
		false,
	]);
});
