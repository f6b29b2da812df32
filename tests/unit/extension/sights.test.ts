import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FakeBrowser } from './browser.ts';

const browser = new FakeBrowser();
let Sights: (typeof import('../../../extension/background/presence/sights.ts'))['Sights'];
beforeAll(async () => {
	browser.install();
	({ Sights } = await import('../../../extension/background/presence/sights.ts'));
	vi.useFakeTimers({ toFake: ['Date'], now: 10 * 60_000 });
});
afterAll(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

const minute = 60_000;
const dana = { key: 'dana', since: 65 * minute };

test('since when somebody has been here is what was seen first, whatever the clocks and the worker do', async () => {
	let sights = new Sights('alder');
	// The server is an hour ahead.
	await sights.learn([dana], { fresh: true, aheadMs: 60 * minute });
	expect(sights.of('dana')).toBe(5 * minute);
	sights = new Sights('alder');
	const tom = { key: 'tom', since: 249 * minute };
	await sights.learn([dana, tom], { fresh: true, aheadMs: 240 * minute });
	expect([sights.of('dana'), sights.of('tom')]).toEqual([5 * minute, 9 * minute]);
	// Nobody is here for less than no time.
	await sights.learn([{ key: 'lea', since: 999 * minute }], { fresh: true, aheadMs: 0 });
	expect(sights.of('lea')).toBe(10 * minute);
	// Who was away comes back; who comes while the line is there comes now, whatever the server's clock is set to.
	await sights.learn([dana, { key: 'kim', since: minute }], { fresh: false, aheadMs: 0 });
	expect([sights.of('dana'), sights.of('kim')]).toEqual([5 * minute, 10 * minute]);
	sights = new Sights('birch');
	await sights.learn([dana], { fresh: true, aheadMs: 64 * minute });
	expect(sights.of('dana')).toBe(minute);
});
