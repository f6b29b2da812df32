import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const own = 'chrome-extension://own';
const first = 'https://visit.example.org';
const second = 'https://other.example.org';
const kept = new Map<string, unknown>();
const area = {
	get: async (key: string) => ({ [key]: kept.get(key) }),
	set: async (part: object) => {
		for (const [key, value] of Object.entries(part)) kept.set(key, value);
	},
};
/** Addresses of the tabs that were opened. */
const opened: URL[] = [];
let hear: (message: unknown, sender: object, respond: (answer: unknown) => void) => boolean;

beforeAll(async () => {
	vi.stubGlobal('location', { origin: own });
	vi.stubGlobal('self', {
		clients: { matchAll: async () => [] },
		addEventListener: () => undefined,
	});
	vi.stubGlobal('chrome', {
		runtime: {
			getURL: (path: string) => `${own}/${path}`,
			getManifest: () => ({ host_permissions: [`${first}/*`, `${second}/*`] }),
			onMessageExternal: { addListener: (listener: typeof hear) => (hear = listener) },
		},
		storage: { local: area, session: area },
		tabs: {
			create: async ({ url }: { url: string }) => {
				opened.push(new URL(url));
				return { windowId: 1 };
			},
		},
		windows: { update: async () => undefined },
	});
	// Its world is that of a service worker, which the types of this one do not know.
	const { startApp } = await vi.importActual<{ startApp: () => void }>(
		'../../../extension/background/app.ts',
	);
	startApp();
});
afterAll(() => vi.unstubAllGlobals());

const open = (server: string): Promise<unknown> =>
	new Promise((resolve) => {
		const sender = { frameId: 0, url: `${server}/sign-in`, origin: server };
		expect(hear({ type: 'app-open', server, path: '/' }, sender, resolve)).toBe(true);
	});

test('a page that opens the packaged app on and on takes the screen ten times in a minute', async () => {
	for (let times = 0; times < 30; times += 1) expect(await open(first)).toEqual({ chosen: true });
	expect(opened).toHaveLength(10);
	expect(await open(second)).toEqual({ chosen: true });
	expect(opened.map(({ searchParams }) => searchParams.get('server')).at(-1)).toBe(second);
});
