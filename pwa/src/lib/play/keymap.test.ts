import { expect, test } from 'vitest';
import { commandOf, nextMark, nextSpeed } from './keymap.ts';

const press = (key: string, more: Partial<Parameters<typeof commandOf>[0]> = {}, single = true) =>
	commandOf(
		{ key, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, ...more },
		{ single },
	);

test('keys have the meaning that other players give them', () => {
	expect(press(' ')).toEqual({ do: 'toggle' });
	expect(press('K', { shiftKey: true })).toEqual({ do: 'toggle' });
	expect(press('ArrowLeft')).toEqual({ do: 'step', byMs: -5_000 });
	expect(press('ArrowLeft', { shiftKey: true })).toEqual({ do: 'step', byMs: -60_000 });
	expect(press('j')).toEqual({ do: 'step', byMs: -10_000 });
	expect(press('.')).toEqual({ do: 'next-frame' });
	expect(press('>', { shiftKey: true })).toEqual({ do: 'faster' });
	expect(press('7')).toEqual({ do: 'go', to: 0.7 });
	expect(press('q')).toBeUndefined();
});

test('the keys of the browser stay its own', () => {
	for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }])
		for (const key of ['k', 'ArrowLeft', ' ', '1', 'c']) expect(press(key, held)).toBeUndefined();
});

test('single letters can be switched off, the others stay', () => {
	for (const key of ['k', 'j', '.', '?', '5', 's', 'n'])
		expect(press(key, {}, false)).toBeUndefined();
	expect(press(' ', {}, false)).toEqual({ do: 'toggle' });
	expect(press('ArrowRight', { shiftKey: true }, false)).toEqual({ do: 'step', byMs: 60_000 });
});

test('speed goes up and down by one, and stays at its ends', () => {
	expect(nextSpeed(1, true)).toBe(1.25);
	expect(nextSpeed(1, false)).toBe(0.75);
	expect(nextSpeed(2, true)).toBe(2);
	expect(nextSpeed(0.5, false)).toBe(0.5);
});

test('marks are reached one after another, also while playing', () => {
	const marks = [9_000, 2_000, 30_000];
	expect(nextMark(marks, { atMs: 2_000, forward: true })).toBe(9_000);
	expect(nextMark(marks, { atMs: 9_800, forward: false })).toBe(2_000);
	expect(nextMark(marks, { atMs: 11_000, forward: false })).toBe(9_000);
	expect(nextMark(marks, { atMs: 30_000, forward: true })).toBeUndefined();
	expect(nextMark(marks, { atMs: 500, forward: false })).toBeUndefined();
});
