import { expect, test } from 'vitest';
import { lacks } from './cannot.ts';

const whole = {
	navigator: { mediaDevices: { getDisplayMedia: () => {} }, wakeLock: {} },
	document: { pictureInPictureEnabled: true },
};

test('a browser that has everything lacks nothing', () => {
	expect(lacks(whole)).toEqual([]);
});

test('each part that is missing is named, and no other', () => {
	const { navigator, document } = whole;
	expect(lacks({ document, navigator: { ...navigator, mediaDevices: {} } })).toEqual(['share']);
	expect(lacks({ document, navigator: { mediaDevices: navigator.mediaDevices } })).toEqual([
		'awake',
	]);
	expect(lacks({ navigator, document: { pictureInPictureEnabled: false } })).toEqual(['small']);
	expect(lacks({ navigator: {}, document: {} })).toEqual(['share', 'awake', 'small']);
});
