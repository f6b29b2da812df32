import * as v from 'valibot';
import { expect, test } from 'vitest';
import { AppAsk, AppGoto } from '#protocol/packaged.ts';

const server = 'https://visit.example.org';
const call = '/call/AAAAAAAAAAAAAAAAAAAAAA';
const opens = (path: string) => v.is(AppAsk, { type: 'app-open', server, path });

test('a page of a server can open a screen of the packaged app', () => {
	for (const path of ['/', call, '/sessions/new', '/?connected=1']) expect(opens(path)).toBe(true);
	for (const path of ['//evil.example', '/\\evil', 'https://[', '/a#b', 'a'])
		expect(opens(path)).toBe(false);
});

test('a page of a server cannot say who should be let in; a click in the extension can', () => {
	for (const query of [
		'connect=BB',
		'connect',
		'a=1&connect=BB',
		'%63onnect=BB',
		'a&con%6Eect',
		'connect=%',
	])
		expect(opens(`${call}?${query}`)).toBe(false);
	expect(v.is(AppGoto, { type: 'app-goto', server, path: `${call}?connect=BB` })).toBe(true);
});
