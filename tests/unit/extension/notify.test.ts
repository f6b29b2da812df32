import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Arrived } from '../../../extension/background/presence/arrivals.ts';
import type { View } from '../../../extension/background/presence/notify.ts';
import { defaultChoices } from '../../../extension/shared/state.ts';
import { FakeBrowser, chromium, firefox } from './browser.ts';

const minute = 60_000;
const browser = new FakeBrowser();

// These are for a service worker's own types, which this folder does not have.
interface Practice {
	readonly origin: string;
	waiting(): Arrived[];
	dismiss(): Promise<void>;
}
type Find = (practice: string) => Promise<Practice | undefined>;
interface Clicks {
	readonly answerClicks: (find: Find) => void;
}
interface Acts {
	readonly open: (
		find: Find,
		asked: { practice: string; session: string; act: 'connect'; seat?: string },
	) => Promise<void>;
}
const load = <Part>(name: string): Promise<Part> =>
	import(/* @vite-ignore */ `../../../extension/background/presence/${name}.ts`);

/** The worker as it starts: what it had in its own memory is gone. */
async function worker() {
	vi.resetModules();
	const [{ see, forget }, { answerClicks }, { open }, { can }] = await Promise.all([
		import('../../../extension/background/presence/notify.ts'),
		load<Clicks>('click'),
		load<Acts>('acts'),
		import('../../../extension/chrome.ts'),
	]);
	return { see, forget, answerClicks, open, can };
}
// It takes a while where the machine is busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
let first: Awaited<ReturnType<typeof worker>>;
beforeAll(async () => {
	browser.install();
	first = await worker();
});
beforeEach(() => {
	vi.useRealTimers();
	browser.begin();
});
afterAll(() => vi.unstubAllGlobals());

const arrived = (practice: string, seat = 'seat'): Arrived & { place: string } => ({
	practice,
	session: 'session',
	seat,
	since: 1,
	place: 'place',
});
const viewOf = (practice: string, part: Partial<View> = {}): View => ({
	practice,
	waiting: [arrived(practice)],
	whereabouts: () => 'waiting',
	isDismissed: () => false,
	occasion: () => ({ since: 1, startsAt: 1, name: 'Dana Whitfield', check: 'verified' }),
	fresh: false,
	inCall: false,
	...part,
});
const empty = { waiting: [] };
const practiceOf = (waiting: Arrived[] = []) => ({
	origin: 'https://visit.example.org',
	waiting: () => waiting,
	dismiss: async () => {},
});

test('in a call at one practice nothing sounds and nobody is named at any other', async () => {
	browser.choices = { ...defaultChoices, names: 'name' };
	let { see } = first;
	await see(viewOf('alder', { ...empty, inCall: true }));
	await see(viewOf('harbor'));
	expect(browser.told.at(-1)?.title).toBe('Somebody is waiting');
	// Also when the worker ended meanwhile, and does not know yet how it is there.
	({ see } = await worker());
	await see(viewOf('mill'));
	expect(browser.told.at(-1)?.title).toBe('Somebody is waiting');
	expect(browser.messages).toEqual([]);
	await see(viewOf('alder', empty));
	await see(viewOf('quay'));
	expect(browser.told.at(-1)?.title).toBe('Dana Whitfield is waiting');
	await vi.waitFor(() => expect(browser.messages).toEqual([{ type: 'chime', loud: false }]));
});

test('a server that went away in the middle of a call keeps the others quiet for a minute and a half', async () => {
	vi.useFakeTimers({ toFake: ['Date'] });
	browser.choices = { ...defaultChoices, names: 'name' };
	const { see } = first;
	for (let at = 0; at < 4; at++) {
		await see(viewOf('alder', { ...empty, inCall: true }));
		vi.setSystemTime(Date.now() + minute);
	}
	await see(viewOf('harbor'));
	expect(browser.told.at(-1)?.title).toBe('Somebody is waiting');
	vi.setSystemTime(Date.now() + minute);
	await see(viewOf('mill'));
	expect(browser.told.at(-1)?.title).toBe('Dana Whitfield is waiting');
});

test('a practice that was removed in the middle of a call keeps no other one quiet', async () => {
	browser.choices = { ...defaultChoices, names: 'name' };
	const { see, forget } = first;
	await see(viewOf('alder', { ...empty, inCall: true }));
	await forget('alder');
	await see(viewOf('harbor'));
	expect(browser.told.at(-1)?.title).toBe('Dana Whitfield is waiting');
});

test('what one practice says without end is kept within bounds, and holds up no other', async () => {
	const { see } = first;
	const room = Array.from({ length: 20_000 }, (_, at) => arrived('alder', `seat${at}`));
	await see(viewOf('alder', { waiting: room, isDismissed: () => true }));
	expect(JSON.stringify([...browser.kept]).length).toBeLessThan(200_000);
	browser.stalled = 'stuck';
	void see(viewOf('stuck'));
	await see(viewOf('harbor'));
	expect([...browser.shown.keys()].join()).toContain('harbor');
});

test('a browser that keeps nothing more shows all the same, and does not say it at every look', async () => {
	const { see } = first;
	browser.full = true;
	for (let at = 0; at < 3; at++) await see(viewOf('alder'));
	expect(browser.told.length).toBe(1);
	await see(viewOf('alder', { ...empty, whereabouts: () => 'over' }));
	expect(browser.shown.size).toBe(0);
});

test('the louder sound of repeats is for those who have it off, as the settings say', async () => {
	vi.useFakeTimers({ toFake: ['Date'] });
	const { see } = first;
	for (const sound of [true, false]) {
		const practice = String(sound);
		browser.messages.length = 0;
		browser.choices = { ...defaultChoices, sound, repeatMinutes: 1, escalateAfter: 1 };
		await see(viewOf(practice));
		vi.setSystemTime(Date.now() + minute);
		await see(viewOf(practice));
		const soft = { type: 'chime', loud: false };
		const expected = sound ? [soft, soft] : [{ type: 'chime', loud: true }];
		await vi.waitFor(() => expect(browser.messages).toEqual(expected));
	}
});

test('a notification stays and has buttons; where it cannot, a click on it is Connect', async () => {
	const session = 'AAAAAAAAAAAAAAAAAAAAAA';
	for (const agent of [chromium, firefox]) {
		browser.begin(agent);
		const { see, answerClicks, can } = first;
		await see(viewOf('alder', { waiting: [{ ...arrived('alder'), session }] }));
		const [told] = browser.told;
		if (!told) throw new Error('it was shown');
		const whole = agent === chromium;
		expect([can.recordTab, 'buttons' in told, 'silent' in told]).toEqual([true, whole, whole]);
		expect('requireInteraction' in told).toBe(whole);
		answerClicks(async () => practiceOf());
		browser.listeners['clicked']?.(told.id);
		const path = whole ? '/' : `/call/${session}?connect=seat`;
		await vi.waitFor(() => expect(browser.opened).toEqual([path]));
	}
});

test('Connect is for who was clicked on, also while a new worker does not know who waits', async () => {
	const { open } = first;
	let waiting = [arrived('alder', 'first'), arrived('alder', 'second')];
	const find = async () => practiceOf(waiting);
	const ask = { practice: 'alder', session: 'session', act: 'connect' } as const;
	await open(find, { ...ask, seat: 'second' });
	await open(find, ask);
	waiting = [arrived('alder', 'other')];
	await open(find, { ...ask, seat: 'second' });
	waiting = [];
	await open(find, { ...ask, seat: 'second' });
	await open(find, ask);
	expect(browser.opened).toEqual([
		'/call/session?connect=second',
		'/call/session?connect=first',
		'/call/session?connect=second',
		'/call/session?connect=second',
		'/call/session',
	]);
});

test('a tab can be recorded only where there is a page without a window', () => {
	const { can } = first;
	expect(can.recordTab).toBe(true);
	Reflect.deleteProperty(globalThis.chrome, 'offscreen');
	expect(can.recordTab).toBe(false);
});

test('a click on a notification is for whom it named, whoever the server puts at that seat afterwards', async () => {
	const { see, open } = first;
	await see(viewOf('alder'));
	await see(viewOf('alder', { waiting: [] }));
	const other = { ...arrived('alder'), place: 'of another' };
	await open(async () => practiceOf([other]), {
		practice: 'alder',
		session: 'session',
		act: 'connect',
	});
	const clicks = browser.kept.get('clicks');
	expect(clicks).toEqual([expect.objectContaining({ seat: 'seat', place: 'place' })]);
});
