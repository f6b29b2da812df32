import { expect, test } from 'vitest';
import type { HistoryRow } from '#protocol/sessions.ts';
import { entriesOf } from './entries.ts';
import { entriesAbout, subjectsOf } from './subjects.ts';

const row = (n: number, who: string | null, session: string): HistoryRow => ({
	n,
	at: n,
	act: 'waited',
	who,
	session,
	recording: null,
	about: null,
	reason: null,
	signed: null,
	leaf: { salt: null, of: '', reason: null, signed: null },
});
const session = (id: string, ...names: string[]) =>
	[
		id,
		{ id, startsAt: 1, places: names.map((name, at) => ({ id: `${id}-${at}`, name })) },
	] as const;
const sessions = new Map([session('one', 'Dana', 'Ines'), session('two', 'Dana')]);
const rows = [
	row(1, 'maya', 'one'),
	row(2, 'one-0', 'one'),
	row(3, 'one-1', 'one'),
	row(4, 'two-0', 'two'),
	row(5, 'maya', 'two'),
];
const nameOf = (id: string) => (id === 'maya' ? 'Dr. Maya Okafor' : undefined);
const entries = entriesOf(rows, sessions, nameOf);

test('two people of one name are two, each with her own entries and those of her whole session', () => {
	const subjects = subjectsOf(entries, nameOf);
	expect(subjects.map(({ kind, id, name }) => [kind, id, name])).toEqual([
		['person', 'one-0', 'Dana'],
		['person', 'two-0', 'Dana'],
		['person', 'one-1', 'Ines'],
		['member', 'maya', 'Dr. Maya Okafor'],
	]);
	const numbers = subjects.map((one) => entriesAbout(entries, one).map(({ n }) => n));
	expect(numbers).toEqual([
		[1, 2],
		[4, 5],
		[1, 3],
		[1, 5],
	]);
});
