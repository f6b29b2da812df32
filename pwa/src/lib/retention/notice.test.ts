import { expect, test } from 'vitest';
import { decodeSession, encodeSession } from '#lib/schedule/contents.ts';
import { keepAfter, keptIn } from './notice.ts';
import { planKept } from './plan.ts';
import { factsOfPlan, plannedFacts } from './facts.ts';
import { loadRules } from './rules.ts';
import { keptWords } from './told.ts';

const law = await loadRules();
const rules = {
	record: {
		states: ['CA'],
		profession: 'psychologist',
		facility: 'none',
		managedCare: false,
		years: null,
	},
	supervision: { days: 30 },
	quality: { days: 90 },
	note: { minutes: 45 },
} as const;
const basis = {
	rules: { ...rules, record: { ...rules.record, states: ['CA'] } },
	law,
	zone: 'America/Los_Angeles',
};
const startsAt = Date.parse('2026-05-20T17:00Z');

test('the notice says when, and nothing of what it was computed from', () => {
	const keep = { purpose: 'record', patient: { born: '2012-02-29' } } as const;
	const said = keptIn(basis, { keep, startsAt, states: ['CA'] });
	// 1 March 2037 by the rule: that would be a birthday. The year ends by the clock of Los Angeles.
	expect(said).toEqual({
		keptUntil: Date.parse('2038-01-01T08:00Z') - 1,
		keeping: { purpose: 'record' },
	});
	const unknown = { purpose: 'record', patient: 'unknown' } as const;
	expect(keptIn(basis, { keep: unknown, startsAt, states: ['CA'] }).keptUntil).toBeNull();
	const none = { ...basis, rules: undefined };
	expect(keptIn(none, { keep, startsAt, states: ['CA'] }).keptUntil).toBeNull();
});

test('what the date in a notice was computed from is sealed with its session, and gives the same date on the page of the recording', () => {
	for (const [patient, by] of [
		[{ born: '2012-02-29' }, 'CA'],
		['adult', 'WA'],
	] as const) {
		const keep = { purpose: 'record', patient } as const;
		const states = ['CA', 'WA'];
		const { keptUntil } = keptIn(basis, { keep, startsAt, states });
		expect(keptUntil).not.toBeNull();
		const { kept } = decodeSession(encodeSession({ kept: plannedFacts(keep, states) }));
		expect(kept).toEqual({ patient, states });
		if (!kept) throw new Error('nothing is known');
		const { lastVisit, ...facts } = factsOfPlan(kept, '2026-05-20');
		const wish = { purpose: 'record', recordedAt: startsAt, lastVisit, ...facts } as const;
		expect(planKept(basis, wish)).toMatchObject({ keptUntil });
		expect(planKept(basis, wish).decision?.by?.row.jurisdiction).toBe(by);
	}
	// Where nothing is known, or what could not be read again, there is nothing.
	const unknown = { purpose: 'record', patient: 'unknown' } as const;
	expect(plannedFacts(unknown, [])).toBeUndefined();
	expect(plannedFacts({ purpose: 'record', patient: { born: '1' } }, [])).toBeUndefined();
	expect(plannedFacts({ purpose: 'quality', patient: 'adult' }, ['CA'])).toBeUndefined();
});

test('a session a week later is kept a week longer at least', () => {
	const keptUntil = Date.parse('2033-05-21T07:00Z') - 1;
	const week = 7 * 24 * 60 * 60_000;
	const about = { session: '', practice: '', host: '', purpose: '', openers: '' };
	const notice = {
		...about,
		hostKey: new Uint8Array(32),
		recorder: 'device',
		keptUntil,
		keeping: { purpose: 'record' },
	} as const;
	const keep = keepAfter({ notice, startsAt });
	expect(keep).toMatchObject({ purpose: 'record', after: { keptUntil, startsAt } });
	const next = keep && keptIn(basis, { keep, startsAt: startsAt + week, states: [] });
	expect(next?.keptUntil).toBe(keptUntil + week);
	const known = { patient: 'adult' as const, states: ['CA'] };
	expect(keepAfter({ notice, startsAt, kept: known })?.patient).toBe('adult');
	expect(keepAfter({ notice: null, startsAt })).toBeUndefined();
});

const words = (keptUntil: number | null, keeping: Parameters<typeof keptWords>[0]['keeping']) =>
	keptWords({ keptUntil, keeping });

test('in words: a day, minutes, a legal case, or no date', () => {
	expect(words(Date.UTC(2033, 2, 10, 12), { purpose: 'record' })).toContain('2033');
	expect(words(null, { purpose: 'note', minutes: 45 })).toContain('45 minutes');
	expect(words(null, { purpose: 'legal' })).toContain('legal');
	expect(words(null, undefined)).toContain('No date');
});
