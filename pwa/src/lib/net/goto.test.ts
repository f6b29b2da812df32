import { expect, test } from 'vitest';
import { answerTo } from './goto.ts';

const page = { route: '/', pathname: '/', working: false, asking: false };
const path = '/call/AAAAAAAAAAAAAAAAAAAAAA?connect=BBBBBBBBBBBBBBBBBBBBBB';

test('a page that loses nothing goes there', () => {
	expect(answerTo(path, page)).toBe('going');
	expect(answerTo(path, { ...page, route: '/schedule', pathname: '/schedule' })).toBe('going');
});

test('the tab with that very call stays where it is, and one with another call is left in peace', () => {
	const call = { ...page, route: '/call/[id]', working: true };
	expect(answerTo(path, { ...call, pathname: '/call/AAAAAAAAAAAAAAAAAAAAAA' })).toBe('here');
	expect(answerTo(path, { ...call, pathname: '/call/CCCCCCCCCCCCCCCCCCCCCA' })).toBe('busy');
	// A recording that is finished on another page.
	expect(answerTo(path, { ...page, working: true })).toBe('busy');
});

test('a form, a question, and a page that is not of the practice are not taken away', () => {
	expect(answerTo(path, { ...page, asking: true })).toBe('busy');
	for (const route of ['/sessions/new', '/j/[id]', '/practice/settings', '/recordings/[id]', null])
		expect(answerTo(path, { ...page, route })).toBe('busy');
});
