import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const own = `chrome-extension://${'a'.repeat(32)}`;
const server = 'https://visit.example.org';

let serverOf: typeof import('../../../extension/pairing/page.ts').serverOf;
beforeAll(async () => {
	vi.stubGlobal('location', { origin: own });
	const host_permissions = ['https://visit.example.org/*', 'http://localhost/*'];
	vi.stubGlobal('chrome', { runtime: { getManifest: () => ({ host_permissions }) } });
	({ serverOf } = await import('../../../extension/pairing/page.ts'));
});
afterAll(() => vi.unstubAllGlobals());

const from = (url: string, part: Partial<chrome.runtime.MessageSender> = {}) => ({
	frameId: 0,
	url,
	origin:
		new URL(url).origin === 'null' ? url.split('/').slice(0, 3).join('/') : new URL(url).origin,
	...part,
});

test('a page of a practice speaks for its own server, and for no other', () => {
	const page = from(`${server}/practice/extension`);
	expect(serverOf(page, server)).toBe(server);
	expect(serverOf(page, 'https://visit.example.com')).toBeUndefined();
	expect(serverOf(page, `${server}/`)).toBeUndefined();
	expect(serverOf(from('https://visit.example.com/'), server)).toBeUndefined();
});

test('a page in a frame is not heard, nor one whose origin is not that of its address', () => {
	expect(serverOf(from(`${server}/`, { frameId: 3 }), server)).toBeUndefined();
	expect(serverOf(from(`${server}/`, { origin: 'null' }), server)).toBeUndefined();
	expect(serverOf({ frameId: 0, origin: server }, server)).toBeUndefined();
});

test('the app out of the package speaks for the server that it names, where this build may go', () => {
	const app = from(`${own}/app/practice/extension`);
	expect(serverOf(app, server)).toBe(server);
	expect(serverOf(app, 'http://localhost:8787')).toBe('http://localhost:8787');
	expect(serverOf(app, 'https://localhost')).toBeUndefined();
	expect(serverOf(app, 'https://visit.example.org:8443')).toBe('https://visit.example.org:8443');
	expect(serverOf(app, 'https://visit.example.com')).toBeUndefined();
	expect(serverOf(app, 'https://visit.example.org/path')).toBeUndefined();
	expect(serverOf(app, 'nothing')).toBeUndefined();
	expect(serverOf(from(`${own}/popup/popup.html`), server)).toBeUndefined();
});
