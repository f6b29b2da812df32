import { afterAll, beforeEach, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });
const origin = 'https://visit.example.org';
const [request, practice, recording] = ['A', 'B', 'C'].map((one) => `${one.repeat(21)}A`);
/** What the tab shows now. */
const shown = { address: 'https://meeting.example/' };
const kept = new Map<string, unknown>();
const recorded: unknown[] = [];

vi.mock('../../../extension/pairing/store.ts', () => ({
	readPairing: async () => ({ practice, origin, device: recording }),
	onPairingsChanged: () => {},
}));
vi.mock('../../../extension/background/offscreen.ts', () => ({
	ensureOffscreen: async () => true,
}));
vi.mock('../../../extension/background/state.ts', () => ({
	readState: async () => ({ practices: [], capture: null }),
	updateState: async () => {},
}));
vi.mock('../../../extension/capture/tab.ts', () => ({
	lookAt: async () => ({ address: shown.address }),
	showMark: async () => {},
}));
vi.mock('../../../extension/capture/made.ts', () => ({
	addMade: async () => {},
	readMade: async () => ({ [recording ?? '']: practice }),
}));

// These are for a service worker's own types, which this folder does not have.
interface Asker {
	readonly server: string;
	readonly page: number;
}
interface Begin {
	readonly begin: (asker: Asker, asked: string, ticket: object) => Promise<object>;
	readonly closed: (tab: number) => Promise<void>;
}
const load = <Part>(name: string): Promise<Part> =>
	import(/* @vite-ignore */ `../../../extension/capture/${name}.ts`);

beforeEach(() => {
	kept.clear();
	recorded.length = 0;
	vi.stubGlobal('chrome', {
		storage: {
			session: {
				get: async (key: string) => ({ [key]: structuredClone(kept.get(key)) }),
				set: async (part: object) => {
					for (const [key, value] of Object.entries(part)) kept.set(key, structuredClone(value));
				},
				remove: async (key: string) => void kept.delete(key),
			},
		},
		tabs: { update: async () => {}, remove: async () => {} },
		tabCapture: { getMediaStreamId: async () => 'stream' },
		runtime: {
			sendMessage: async (message: unknown) => {
				recorded.push(message);
				return { startedAt: 5 };
			},
		},
	});
});
afterAll(() => vi.unstubAllGlobals());

const asker = { server: origin, page: 2 };
const ticket = { recording };

/** The user asked for tab 1 just now, and tab 2 asks her what for. */
async function wished(part: object = {}): Promise<Begin> {
	const state = await load<{ writeWish: (wish: object) => Promise<void> }>('state');
	const { address } = shown;
	const of = { request, practice, tab: 1, address, title: 'Case conference' };
	await state.writeWish({ ...of, page: 2, at: Date.now(), ...part });
	return load<Begin>('begin');
}

test('of two that begin at once, one begins and the other finds that a capture runs', async () => {
	const { begin } = await wished();
	const answers = await Promise.all(
		[recording, practice].map((one) => begin(asker, request ?? '', { recording: one })),
	);
	expect(answers).toEqual([{ startedAt: 5 }, { refused: 'gone' }]);
	expect(recorded).toHaveLength(1);
});

test('a page that got no answer asks again, and hears that it has begun', async () => {
	const { begin } = await wished();
	const begun = await begin(asker, request ?? '', ticket);
	expect(await begin(asker, request ?? '', ticket)).toEqual(begun);
	const other = { server: 'https://other.example', page: 2 };
	expect(await begin(other, request ?? '', ticket)).toEqual({ refused: 'gone' });
	expect(recorded).toHaveLength(1);
});

test('a page that writes what it shows behind its path is still the same', async () => {
	const { begin } = await wished({ address: `${shown.address}?at=1#here` });
	expect(await begin(asker, request ?? '', ticket)).toEqual({ startedAt: 5 });
});

test('nothing begins later, from another page, or of what the tab did not show then', async () => {
	const refused = { refused: 'gone' };
	const late = await wished({ at: Date.now() - 11 * 60_000 });
	expect(await late.begin(asker, request ?? '', ticket)).toEqual(refused);
	const { begin } = await wished();
	expect(await begin({ ...asker, page: 3 }, request ?? '', ticket)).toEqual(refused);
	await wished({ address: 'https://meeting.example/another' });
	expect(await begin(asker, request ?? '', ticket)).toEqual(refused);
	for (const tab of [1, 2]) {
		const { closed } = await wished();
		await closed(tab);
		expect(await begin(asker, request ?? '', ticket)).toEqual(refused);
	}
	expect(recorded).toEqual([]);
});
