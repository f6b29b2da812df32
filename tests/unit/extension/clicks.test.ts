import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { FakeBrowser } from './browser.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const browser = new FakeBrowser();
const origin = 'https://visit.example.org';
const about = { origin, session: 'session', seat: 'seat' };

// These are for a service worker's own types, which this folder does not have.
interface Clicked {
	readonly takeClick: (one: typeof about) => Promise<{ place?: string } | undefined>;
}
interface Acts {
	readonly open: (
		find: () => Promise<object>,
		asked: { practice: string; session: string; act?: 'connect'; seat?: string },
	) => Promise<void>;
}
const load = <Part>(name: string): Promise<Part> =>
	import(/* @vite-ignore */ `../../../extension/background/presence/${name}.ts`);

let takeClick: Clicked['takeClick'];
let open: Acts['open'];
beforeAll(async () => {
	browser.install();
	[{ takeClick }, { open }] = await Promise.all([load<Clicked>('clicked'), load<Acts>('acts')]);
});
beforeEach(() => {
	vi.useRealTimers();
	browser.begin();
});
afterAll(() => vi.unstubAllGlobals());

const waiting = [{ practice: 'alder', session: 'session', seat: 'seat', place: 'place', since: 1 }];
const find = async () => ({ origin, waiting: () => waiting, dismiss: async () => {} });
const ask = { practice: 'alder', session: 'session' } as const;

test('a click on Connect is said once, to a page of that practice, for that session and seat', async () => {
	expect(await takeClick(about)).toBeUndefined();
	await open(find, { ...ask, act: 'connect', seat: 'seat' });
	for (const part of [{ origin: 'https://other.example.org' }, { session: 'x' }, { seat: 'x' }])
		expect(await takeClick({ ...about, ...part })).toBeUndefined();
	// With her for whom she was taken.
	expect(await takeClick(about)).toMatchObject({ ...about, place: 'place' });
	expect(await takeClick(about)).toBeUndefined();
	// Also while a worker that has just started does not know who waits.
	await open(find, { ...ask, act: 'connect', seat: 'other' });
	const other = await takeClick({ ...about, seat: 'other' });
	expect(other).toMatchObject({ seat: 'other' });
	expect(other?.place).toBeUndefined();
});

test('what opens without Connect lets nobody in, nor does a click of long ago', async () => {
	await open(find, ask);
	expect(await takeClick(about)).toBeUndefined();
	vi.useFakeTimers({ toFake: ['Date'] });
	await open(find, { ...ask, act: 'connect' });
	vi.setSystemTime(Date.now() + 10 * 60_000);
	expect(await takeClick(about)).toBeUndefined();
});
