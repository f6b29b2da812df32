import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { erasableAfterMs } from '../../signaling/protocol/erasing.ts';
import { HistoryPage, type HistoryRow } from '../../signaling/protocol/sessions.ts';
import { type App, found } from '../app.ts';
import { type LocalServer, TestClock, localServer } from '../local.ts';
import { newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// What an administrator signs to be erased is what she was shown.
let local: LocalServer;
let maya: App;
/** The number of the first of four old rows. */
let first: number;
let eraseRows: typeof import('../../pwa/src/lib/proof/erasing.ts').eraseRows;

beforeAll(async () => {
	const clock = new TestClock(Date.now());
	local = await localServer({ clock });
	maya = await found(local);
	const { history, store } = local.server.context;
	clock.forward(-erasableAfterMs - 1000);
	for (let n = 0; n < 4; n++) await history.add(store, { act: 'role-changed', who: newId() });
	clock.forward(erasableAfterMs + 1000);
	const old = (await rows()).filter(({ at }) => at < clock.now() - erasableAfterMs);
	first = Math.min(...old.map(({ n }) => n));
	({ eraseRows } = await import('../../pwa/src/lib/proof/erasing.ts'));
});
afterAll(async () => {
	vi.unstubAllGlobals();
	await local.stop();
});

const rows = async (): Promise<HistoryRow[]> => {
	const path = `/api/history?from=0&to=${Date.now() + 60_000}`;
	return (await maya.fetchJson(HistoryPage, { path })).rows;
};
const rowOf = async (n: number): Promise<HistoryRow> => {
	const row = (await rows()).find((one) => one.n === n);
	if (!row) throw new Error('no row');
	return row;
};
const erasings = async () => (await rows()).filter(({ act }) => act === 'erased').length;

test('rows that are shown otherwise than they were written are not signed away', async () => {
	const [one, other] = [await rowOf(first), await rowOf(first + 1)];
	for (const shown of [
		{ ...one, who: other.who },
		{ ...one, n: other.n },
		{ ...one, n: 1000 },
	])
		await expect(eraseRows([other, shown], Date.now())).rejects.toThrow('bad-signature');
	expect(await erasings()).toBe(0);
});

test('nor are those that could not be checked', async () => {
	const before = globalThis.fetch;
	vi.stubGlobal('fetch', (url: string, init?: RequestInit) =>
		url.includes('/log/blocks') ? Promise.resolve(Response.json({})) : before(url, init),
	);
	await expect(eraseRows([await rowOf(first)], Date.now())).rejects.toThrow('bad-answer');
	vi.stubGlobal('fetch', before);
	expect(await erasings()).toBe(0);
});

test('what is shown as it was written goes, beside a row that somebody emptied', async () => {
	await local.server.context.store
		.updateTable('history')
		.set({ who: null, salt: null })
		.where('n', '=', first + 3)
		.execute();
	await eraseRows([await rowOf(first)], Date.now());
	expect(await rowOf(first)).toMatchObject({ who: null, leaf: { salt: null } });
	expect(await erasings()).toBe(1);
});
