import { expect, test } from 'vitest';
import type { HistoryRow } from '#protocol/sessions.ts';
import {
	type KnownSession,
	about,
	entriesOf,
	historyCsv,
	historyJson,
	peopleIn,
	whichShare,
} from './entries.ts';

const row = (act: HistoryRow['act'], who: string | null, session: string | null): HistoryRow => ({
	n: 1,
	at: Date.UTC(2026, 10, 22, 23, 4, 5),
	act,
	who,
	session,
	recording: null,
	about: null,
	reason: null,
	signed: null,
	leaf: { salt: null, of: '', reason: null, signed: null },
});
const session = (id: string, ...names: string[]): [string, KnownSession] => [
	id,
	{ id, startsAt: 1, places: names.map((name) => ({ id: `${id}-${name}`, name })) },
];
const sessions = new Map([session('one', 'Ines', 'Tom'), session('two', 'Dana')]);
const members = new Map([['maya', 'Dr. Maya Okafor']]);
const entries = entriesOf(
	[
		row('session-made', 'maya', 'one'),
		row('waited', 'one-Ines', 'one'),
		row('waited', 'one-Tom', 'one'),
		row('waited', 'two-Dana', 'two'),
		row('recording-lost', null, 'one'),
		row('signed-in', 'maya', null),
		row('waited', 'x', 'unknown'),
	],
	sessions,
	(id) => members.get(id),
);

test('names are those of the places and of the members, and missing where nobody knows', () => {
	expect(entries.map(({ name }) => name)).toEqual([
		'Dr. Maya Okafor',
		'Ines',
		'Tom',
		'Dana',
		undefined,
		'Dr. Maya Okafor',
		undefined,
	]);
	expect(peopleIn(entries)).toEqual(['Dana', 'Ines', 'Tom']);
});

test('the history of one person has her acts and those of her session, and nobody else', () => {
	expect(about(entries, 'Ines').map(({ act, who }) => [act, who])).toEqual([
		['session-made', 'maya'],
		['waited', 'one-Ines'],
		['recording-lost', null],
	]);
	expect(about(entries, 'Dana').map(({ who }) => who)).toEqual(['two-Dana']);
});

const shareOf = (act: HistoryRow['act'], said: string | null) => whichShare({ act, about: said });

test('a row of a share says which one, and nobody takes the id of something else for a share', () => {
	for (const act of ['shared', 'share-opened', 'share-refused', 'share-ended'] as const)
		expect([shareOf(act, 'the share'), shareOf(act, null)]).toEqual(['the share', undefined]);
	for (const act of ['granted', 'opened', 'copy-kept', 'request-made'] as const)
		expect(shareOf(act, 'something else')).toBeUndefined();
});

test('both exports say the same of every row, with the zone named', () => {
	const words = {
		columns: (zone: string) => [`Time (${zone})`, 'UTC', 'Name', 'What', 'Session', 'Recording'],
		sentence: ({ act }: { act: string }) => `=${act}`,
	};
	const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
	const csv = historyCsv(entries, words).split('\r\n');
	expect(csv).toHaveLength(entries.length + 2);
	expect(csv[0]).toContain(`Time (${timeZone})`);
	expect(csv[2]).toContain('"2026-11-22T23:04:05.000Z","Ines","\'=waited","one",""');
	const json = JSON.parse(historyJson(entries, words));
	expect(json.zone).toBe(timeZone);
	expect(json.rows).toHaveLength(entries.length);
	expect(json.rows[1]).toMatchObject({
		at: '2026-11-22T23:04:05.000Z',
		act: 'waited',
		name: 'Ines',
		who: 'one-Ines',
		session: 'one',
		about: null,
	});
	expect(json.rows[1].local).toMatch(/^2026-11-2[123] \d\d:04:05$|:\d\d:05$/);
});
