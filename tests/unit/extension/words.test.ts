import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { CodeWord } from '../../../extension/shared/code.ts';
import { publicHalf, seal } from '../../../scripts/manifest.js';

const first = 'https://visit.example.org';
const second = 'https://other.example.org';
const pem = generateKeyPairSync('ed25519')
	.privateKey.export({ format: 'pem', type: 'pkcs8' })
	.toString();
const csp = "default-src 'none'; script-src 'sha256-1'";
const releaseOf = (issued: number) => ({
	version: `${issued}`,
	commit: '',
	issued,
	csp,
	files: {},
});

const local = new Map<string, unknown>();
const session = new Map<string, unknown>();
const area = (kept: Map<string, unknown>) => ({
	get: async (key: string) => ({ [key]: structuredClone(kept.get(key)) }),
	set: async (part: object) => {
		for (const [key, value] of Object.entries(part)) kept.set(key, structuredClone(value));
	},
});
const unheard = { addListener: () => undefined };
let say: (message: unknown, sender: object, respond: () => void) => void = () => undefined;
let answer: (details: object) => void = () => undefined;
/** Questions for the release that nobody has answered. */
const asked: ((response: Response) => void)[] = [];
const reloaded: number[] = [];

beforeAll(async () => {
	vi.stubGlobal('chrome', {
		runtime: {
			id: 'own',
			getURL: (path: string) => (path === '' ? 'chrome-extension://own/' : path),
			getManifest: () => ({ host_permissions: [], version: '1' }),
			onMessage: { addListener: (listener: typeof say) => (say = listener) },
			onStartup: unheard,
		},
		storage: { local: area(local), session: area(session), onChanged: unheard },
		permissions: { contains: async () => true, onAdded: unheard, onRemoved: unheard },
		tabs: {
			onUpdated: unheard,
			onRemoved: unheard,
			query: async () => [
				{ id: 1, url: `${first}/`, status: 'complete' },
				{ id: 2, url: `${second}/`, status: 'complete' },
			],
			reload: async (id: number) => void reloaded.push(id),
		},
		alarms: { get: async () => ({}), onAlarm: unheard },
		declarativeNetRequest: {
			getDynamicRules: async () => [{ action: { responseHeaders: [{ value: csp }] } }],
			HeaderOperation: {},
			ResourceType: {},
			RuleActionType: {},
			updateDynamicRules: async () => undefined,
		},
		webRequest: {
			onResponseStarted: { addListener: (listener: typeof answer) => (answer = listener) },
		},
		browsingData: { remove: async () => undefined },
	});
	vi.stubGlobal('fetch', async (url: string) => {
		if (url === 'release-key.json') return Response.json({ key: publicHalf(pem) });
		return new Promise<Response>((resolve) => void asked.push(resolve));
	});
	const { startPins } = await import('../../../extension/background/pins/pins.ts');
	startPins();
});
afterAll(() => vi.unstubAllGlobals());

const pin = (rule: number) => ({
	enabled: true,
	rule,
	release: { version: '1', issued: 1, csp, files: 0 },
	checkedAt: 0,
	problem: null,
});
const practice = (id: string, origin: string) => ({
	id,
	origin,
	name: id,
	member: 'm',
	link: 'connected',
	linkSince: 0,
	sessions: [],
	waiting: [],
	recordings: [],
	code: { mode: 'not-verified', version: null, files: 0, checkedAt: null },
});
beforeEach(() => {
	session.clear();
	asked.length = reloaded.length = 0;
	local.set('pins', { [first]: pin(1), [second]: pin(2) });
	session.set('state', {
		practices: [practice('a', first), practice('b', second)],
		capture: null,
	});
});

/** What is said of the first site, and of the second. */
const becomes = (...expected: string[]) =>
	vi.waitFor(async () => {
		const { readState } = await import('../../../extension/background/state.ts');
		expect((await readState()).practices.map(({ code }) => code.mode)).toEqual(expected);
	});
const from = (document: string, origin: string) => ({
	id: 'own',
	documentId: document,
	frameId: 0,
	tab: { id: origin === first ? 1 : 2 },
	origin,
});
const tell = (word: CodeWord, document: string, origin: string): void =>
	say(word, from(document, origin), () => undefined);

/** A page that came under the policy, and whose code runs. */
function open(document: string, origin: string): void {
	const responseHeaders = [{ name: 'content-security-policy', value: csp }];
	const tabId = origin === first ? 1 : 2;
	const at = Date.now();
	answer({ tabId, frameId: 0, url: `${origin}/`, timeStamp: at, responseHeaders });
	const word = { url: `${origin}/`, began: at, worker: false };
	tell({ type: 'code-document', ...word }, document, origin);
	tell({ type: 'code-started' }, document, origin);
}

const pages = () => import('../../../extension/background/pins/pages.ts');
const readDocuments = async () =>
	(await import('../../../extension/background/pins/documents.ts')).readDocuments();

test('what was refused is said before the site has answered, and no other site waits for it', async () => {
	open('one', first);
	await becomes('pinned', 'not-verified');
	tell({ type: 'code-refused' }, 'one', first);
	await becomes('blocked', 'not-verified');
	await vi.waitFor(() => expect(asked).toHaveLength(1));
	open('two', second);
	await becomes('blocked', 'pinned');
	// The page is of a release that was published since.
	asked[0]?.(new Response(seal(releaseOf(2), pem)));
	await vi.waitFor(() => expect(reloaded).toEqual([1]));
});

test('pages that are refused again and again ask their site three times in a minute', async () => {
	open('one', first);
	await becomes('pinned', 'not-verified');
	for (let times = 1; times <= 3; times += 1) {
		tell({ type: 'code-refused' }, 'one', first);
		await vi.waitFor(() => expect(asked).toHaveLength(times));
		asked[times - 1]?.(new Response('', { status: 503 }));
	}
	for (let times = 0; times < 20; times += 1) tell({ type: 'code-refused' }, 'one', first);
	open('two', second);
	await becomes('blocked', 'pinned');
	expect(asked).toHaveLength(3);
	expect(reloaded).toEqual([]);
});

test('however many pages a site shows, those of another stay known', async () => {
	const { noteAnswer, noteDocument } = await pages();
	open('two', second);
	await becomes('not-verified', 'pinned');
	const url = `${first}/`;
	for (let shown = 0; shown < 210; shown += 1) {
		await noteAnswer(1, { url, at: 0, csp: [csp] });
		const sender = { id: `one ${shown}`, tab: 1, origin: first };
		const word = { type: 'code-document', url, began: 0, worker: false } as const;
		await noteDocument(sender, word, pin(1));
	}
	const known = Object.keys((await readDocuments()).documents);
	expect(known).toContain('one 209');
	expect(known).toContain('two');
	expect(known).toHaveLength(201);
});

test('a policy without end is not kept', async () => {
	const { noteAnswer } = await pages();
	await noteAnswer(1, { url: `${first}/`, at: 1, csp: [csp + ' '.repeat(200_000)] });
	expect((await readDocuments()).answers).toEqual({ 1: { url: '', at: 1, csp: [] } });
});
