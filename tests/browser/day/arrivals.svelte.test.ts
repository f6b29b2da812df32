import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hold } from '#lib/net/busy.ts';
import { Arrivals } from '#lib/sessions/arrivals.svelte.ts';
import type { Here } from '#lib/sessions/presence.ts';

interface Told {
	title: string;
	body: string;
}

let told: Told[] = [];
let rung = 0;
let now = 0;
let seats = 0;
const made: Arrivals[] = [];

class Spy extends EventTarget {
	static permission = 'granted';

	constructor(title: string, { body = '' }: NotificationOptions = {}) {
		super();
		told.push({ title, body });
	}

	close(): void {
		// Nothing to see.
	}
}

beforeEach(() => {
	localStorage.setItem('sotto.notify', 'yes');
	localStorage.setItem('sotto.chime', 'yes');
	localStorage.removeItem('sotto.notify-names');
	[told, rung, now] = [[], 0, 0];
	vi.stubGlobal('Notification', Spy);
	vi.spyOn(document, 'hasFocus').mockReturnValue(false);
	vi.spyOn(performance, 'now').mockImplementation(() => now);
	vi.spyOn(AudioContext.prototype, 'resume').mockImplementation(() => {
		rung += 1;
		return new Promise(() => {});
	});
});
afterEach(() => {
	for (const one of made.splice(0)) one.stop();
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
});

function arrivals(): Arrivals {
	const one = new Arrivals();
	made.push(one);
	return one;
}

/** Nobody has the name of another test's: pages of one browser tell of each once. */
const come = (since = 1): Here => {
	seats += 1;
	return { seat: `seat ${seats}`, session: 'one', place: `place ${seats}`, since };
};
const nobody = () => Promise.resolve(undefined);

test('who was there when the page was opened is no news; whoever comes is told of once', async () => {
	const [lea, tom, one] = [come(), come(), arrivals()];
	await one.see([lea], nobody);
	expect([told.length, rung]).toEqual([0, 0]);
	await one.see([lea, tom], nobody);
	await one.see([lea, tom], nobody);
	expect([told.length, rung]).toEqual([1, 1]);
	expect(told[0]?.title).toBe('2 people are waiting');
});

test('a reload or a restarted server is no arrival; after a minute away it is one', async () => {
	const [lea, one] = [come(), arrivals()];
	await one.see([], nobody);
	await one.see([lea], nobody);
	expect(told).toHaveLength(1);
	await one.see([], nobody);
	now = 50_000;
	await one.see([lea], nobody);
	expect(told).toHaveLength(1);
	await one.see([], nobody);
	now = 120_000;
	// In another page of hers she would be told of twice; locks last longer than this test.
	vi.spyOn(navigator.locks, 'request').mockImplementation(
		// oxlint-disable-next-line typescript/no-explicit-any, typescript/no-unsafe-argument -- overloads
		(...args: any[]) => args.at(-1)({ name: '', mode: 'exclusive' }),
	);
	await one.see([lea], nobody);
	expect(told).toHaveLength(2);
});

test('of several pages one tells', async () => {
	const [lea, one, two] = [come(), arrivals(), arrivals()];
	await Promise.all([one.see([], nobody), two.see([], nobody)]);
	await Promise.all([one.see([lea], nobody), two.see([lea], nobody)]);
	expect([told.length, rung]).toEqual([1, 1]);
});

test('a call is not disturbed, in whatever page it is', async () => {
	const [lea, one] = [come(), arrivals()];
	await one.see([], nobody);
	const release = hold('in-call');
	await vi.waitFor(async () => {
		const { held = [] } = await navigator.locks.query();
		expect(held.map(({ name }) => name)).toContain('in-call');
	});
	await one.see([lea], nobody);
	expect([told.length, rung]).toEqual([0, 0]);
	release();
});

test('the name is in it only when that was chosen', async () => {
	const [lea, tom, one] = [come(), come(), arrivals()];
	const nameOf = vi.fn<() => Promise<string>>(() => Promise.resolve('Lea Brandt'));
	await one.see([], nameOf);
	await one.see([lea], nameOf);
	expect(told.map(({ title }) => title)).toEqual(['Somebody is waiting']);
	expect(nameOf).not.toHaveBeenCalled();
	one.toggleNames();
	await one.see([], nameOf);
	await one.see([tom], nameOf);
	expect(told.map(({ title }) => title)).toEqual(['Somebody is waiting', 'Lea Brandt is waiting']);
	expect(arrivals().names).toBe(true);
});

test('what the extension of this browser does is not done twice', async () => {
	const [lea, tom, kim, one] = [come(), come(), come(), arrivals()];
	const does = (shows: boolean, sounds: boolean) => async () => ({ shows, sounds });
	await one.see([], nobody, does(true, true));
	await one.see([lea], nobody, does(true, true));
	expect([told.length, rung]).toEqual([0, 0]);
	await one.see([lea, tom], nobody, does(true, false));
	expect([told.length, rung]).toEqual([0, 1]);
	// In its quiet hours, or without its line, the page is on its own.
	await one.see([lea, tom, kim], nobody, does(false, false));
	expect([told.length, rung]).toEqual([1, 2]);
});

test('who was told Not now, or left, while the extension was asked is not told of any more', async () => {
	const [lea, tom, one] = [come(), come(), arrivals()];
	await one.see([], nobody);
	await one.see([lea], nobody, async () => {
		one.dismiss([lea]);
		return { shows: false, sounds: false };
	});
	await one.see([lea, tom], nobody, async () => {
		await one.see([lea], nobody);
		return { shows: false, sounds: false };
	});
	expect([told.length, rung]).toEqual([0, 0]);
});
