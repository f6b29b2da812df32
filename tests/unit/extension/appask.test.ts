import * as v from 'valibot';
import { expect, test } from 'vitest';
import { AppAsk, AppGoto } from '#protocol/packaged.ts';

const server = 'https://visit.example.org';
const call = '/call/AAAAAAAAAAAAAAAAAAAAAA';
const opens = (path: string) => v.is(AppAsk, { type: 'app-open', server, path });

test('a page of a server can open a screen of the packaged app', () => {
	for (const path of ['/', '/sessions/new', '/recordings/AA-_', '/practice/extension', '/callers'])
		expect(opens(path)).toBe(true);
	for (const path of ['//evil.example', '/\\evil', 'https://[', '/a#b', 'a'])
		expect(opens(path)).toBe(false);
});

test('a page of a server opens no call, whatever it calls it; a click in the extension does', () => {
	for (const path of [
		call,
		`${call}?connect=BB`,
		'/call',
		'/j/AAAAAAAAAAAAAAAAAAAAAA',
		'/%63all/AA',
		'/./call/AA',
		'/sessions/../call/AA',
		'/sessions/%2e%2e/call/AA',
		'/sessions\\..\\call\\AA',
		`/sign-in?next=${call}`,
	])
		expect(opens(path)).toBe(false);
	expect(v.is(AppGoto, { type: 'app-goto', server, path: `${call}?connect=BB` })).toBe(true);
});
