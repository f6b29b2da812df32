import { expect, test } from 'vitest';
import { clicked, isMeant, sameKnock, takeClicked } from './clicked.ts';
import { needsNoLook } from './proven.ts';

const knock = { keyPackage: 'package', sealed: 'sealed', proof: null };
const one = { session: 'session', seat: 'seat', knock };

test('a click counts once, and for the session that it was about', () => {
	clicked(one);
	expect(takeClicked('session')).toEqual(one);
	expect(takeClicked('session')).toBe(undefined);
	clicked(one);
	expect(takeClicked('other')).toBe(undefined);
	expect(takeClicked('session')).toBe(undefined);
});

test('a knock in which anything is another is not what was shown', () => {
	expect(sameKnock(knock, { ...knock })).toBe(true);
	for (const part of [{ keyPackage: '' }, { sealed: '' }, { proof: 'proof' }])
		expect(sameKnock(knock, { ...knock, ...part })).toBe(false);
	expect(sameKnock(knock, null)).toBe(false);
});

test('by a click from afar only those are let in who proved who they are, under the key that is known', () => {
	const looked = ([0, 1, 2, 3, 4] as const).map((level) =>
		needsNoLook({ trust: { level }, keyChanged: false }),
	);
	expect(looked).toEqual([false, true, true, true, true]);
	expect(needsNoLook({ trust: { level: 1 }, keyChanged: true })).toBe(false);
});

test('a click in the extension is for whom it showed on the seat', () => {
	expect(isMeant({ clicked: true, place: 'jane' }, { place: 'jane' })).toBe(true);
	expect(isMeant({ clicked: true, place: 'jane' }, { place: 'bob' })).toBe(false);
	expect(isMeant({ clicked: false, place: 'jane' }, { place: 'jane' })).toBe(false);
	expect(isMeant(undefined, { place: 'jane' })).toBe(false);
	// A worker that had just started did not know who waited: nobody was shown.
	expect(isMeant({ clicked: true }, { place: 'jane' })).toBe(false);
	expect(isMeant({ clicked: true }, { place: null })).toBe(false);
});
