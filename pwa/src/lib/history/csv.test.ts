import { expect, test } from 'vitest';
import { csvOf } from './csv.ts';

const mark = '\uFEFF';

test('cells are quoted, quotes doubled, lines end as RFC 4180 says', () => {
	const rows = [
		['Time', 'Name'],
		['1', 'Dana "D" Whitfield, née Berg\nsecond line'],
		['', ''],
	];
	expect(csvOf(rows)).toBe(
		`${mark}"Time","Name"\r\n"1","Dana ""D"" Whitfield, née Berg\nsecond line"\r\n"",""\r\n`,
	);
});

test.each([
	'=1+1',
	'+49 30 1',
	'-2+3',
	'@SUM(A1)',
	'\t=1',
	'\r=1',
	'\n=1',
	'  =HYPERLINK("http://x")',
	'\uFF1D1',
	'\uFF0B1',
	'\uFF0D1',
	'\uFF201',
])('%j is never a formula', (text) => {
	expect(csvOf([[text]]).startsWith(`${mark}"'`)).toBe(true);
});

test.each(['Dana', "O'Hara", 'Anne-Marie', '3 = three', '2026-11-22T00:00:00Z', '…'])(
	'%j stays as it is',
	(text) => {
		expect(csvOf([[text]])).toBe(`${mark}"${text}"\r\n`);
	},
);
