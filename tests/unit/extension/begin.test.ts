import { afterAll, beforeEach, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });
const origin = 'https://visit.example.org';
const [request, practice, recording] = ['A', 'B', 'C'].map((one) => `${one.repeat(21)}A`);
const kept = new Map<string, unknown>();
const recorded: unknown[] = [];

vi.mock('../../../extension/pairing/store.ts', () => ({
	readPairing: async () => ({ practice, origin, device: recording }),
	onPairingsChanged: () => {},
}));
vi.mock('../../../extension/background/offscreen.ts', () => ({
	ensureOffscreen: async () => true,
}));
vi.mock('../../../extension/background/state.ts', () => ({ updateState: async () => {} }));
vi.mock('../../../extension/capture/tab.ts', () => ({
	refusalOf: async () => undefined,
	showMark: async () => {},
}));
vi.mock('../../../extension/capture/made.ts', () => ({ addMade: async () => {} }));

// These are for a service worker's own types, which this folder does not have.
interface Begin {
	readonly begin: (server: string, asked: string, ticket: object) => Promise<object>;
}
const load = <Part>(name: string): Promise<Part> =>
	import(/* @vite-ignore */ `../../../extension/capture/${name}.ts`);

beforeEach(() => {
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

test('of two pages that begin at once, one begins and the other finds that it is gone', async () => {
	const { begin } = await load<Begin>('begin');
	const state = await load<{ writeWish: (wish: object) => Promise<void> }>('state');
	await state.writeWish({ request, practice, tab: 1, title: 'Case conference', page: null });
	const ticket = { recording };
	const answers = await Promise.all([1, 2].map(() => begin(origin, request ?? '', ticket)));
	expect(answers).toEqual([{ startedAt: 5 }, { refused: 'gone' }]);
	expect(recorded).toHaveLength(1);
});
