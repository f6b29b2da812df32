import { expect, test } from 'vitest';
import { picturesOn } from './pictures.ts';

const line = { soundOnly: true, host: false, primary: true };

test('whoever asks for sound alone gets no picture, recorded or not', () => {
	for (const recorded of [true, false])
		for (const isHost of [true, false])
			for (const primary of [true, false])
				expect(picturesOn({ ...line, primary }, { recorded, isHost })).not.toBe('sent');
});

test('only the host makes pictures for a recorder alone, on one connection, while there is one', () => {
	expect(picturesOn(line, { recorded: true, isHost: true })).toBe('copied');
	expect(picturesOn({ ...line, primary: false }, { recorded: true, isHost: true })).toBe('none');
	expect(picturesOn(line, { recorded: false, isHost: true })).toBe('none');
	expect(picturesOn(line, { recorded: true, isHost: false })).toBe('none');
});

test('the recorder beside the host gets everybody, also when the host looks at nobody', () => {
	const toHost = { ...line, host: true };
	expect(picturesOn(toHost, { recorded: true, isHost: false })).toBe('sent');
	expect(picturesOn(toHost, { recorded: false, isHost: false })).toBe('none');
});
