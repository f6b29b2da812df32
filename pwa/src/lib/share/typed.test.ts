import { expect, test } from 'vitest';
import { completions, nearest, strangers, wordsIn } from './typed.ts';

const list = ['harbor', 'hardly', 'velvet', 'eleven', 'maple', 'quiet'];

test('words are found however they are written', () => {
	expect(wordsIn(' Harbor  VELVET-eleven, maplequiet', list)).toEqual([
		'harbor',
		'velvet',
		'eleven',
		'maple',
		'quiet',
	]);
	expect(wordsIn('', list)).toEqual([]);
});

test('the word that is being typed is completed, a done one is not', () => {
	expect(completions('ha', list)).toEqual(['harbor', 'hardly']);
	expect(completions('velvet har', list)).toEqual(['harbor', 'hardly']);
	expect(completions('h', list)).toEqual([]);
	expect(completions('harbor', list)).toEqual([]);
	expect(completions('ha ', list)).toEqual([]);
	expect(completions('a b c d e ha', list)).toEqual([]);
});

test('a word that is not on the list is named, with what it may have been', () => {
	expect(strangers('harbour velvet', list)).toEqual([{ word: 'harbour', near: ['harbor'] }]);
	expect(strangers('velv', list)).toEqual([]);
	expect(strangers('velv ', list)).toEqual([{ word: 'velv', near: ['velvet'] }]);
	expect(strangers('xylophone ', list)).toEqual([{ word: 'xylophone', near: [] }]);
	expect(strangers('anything', [])).toEqual([]);
});

test('nothing is offered that is more than two letters away', () => {
	expect(nearest('mapel', list)).toEqual(['maple']);
	expect(nearest('quantum', list)).toEqual([]);
});
