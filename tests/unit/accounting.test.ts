import { expect, test } from 'vitest';
import type { Disclosure } from '#lib/requests/disclosure.ts';
import { peopleOf, reported } from '#lib/requests/report.ts';
import type { Basis } from '#lib/requests/told.ts';

const given = (to: string, basis: Basis, people: readonly string[]): Disclosure => ({
	id: to,
	act: 'exported',
	sealed: '',
	at: 1,
	member: 'm',
	recording: 'r',
	session: null,
	told: { v: 1, to, address: '', what: 'A copy', purpose: '', basis, people: [...people] },
});
const closed: Disclosure = { ...given('nobody knows', 'other', []), told: undefined };
const all = [
	given('Dana herself', 'person', ['Dana']),
	given('Her doctor', 'care', ['Dana', 'Tom']),
	given('With her leave', 'authorized', ['Dana']),
	given('A court', 'other', ['Dana']),
	given('By a share', 'unsaid', ['Tom']),
	closed,
];
const named = (list: readonly Disclosure[]) => list.map(({ id }) => id);

test('an accounting has what the law counts, about one person, and never leaves out what nobody can read', () => {
	expect(peopleOf(all)).toEqual(['Dana', 'Tom']);
	expect(named(reported(all, { person: 'Dana', countedOnly: true }))).toEqual([
		'A court',
		'nobody knows',
	]);
	expect(named(reported(all, { person: 'Tom', countedOnly: true }))).toEqual([
		'By a share',
		'nobody knows',
	]);
	expect(reported(all, { person: '', countedOnly: false })).toEqual(all);
});
