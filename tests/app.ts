import { vi } from 'vitest';
import type { Role } from '../signaling/protocol/account.ts';
import type { LocalServer } from './local.ts';

/**
 * The app's own code as one browser runs it, without a screen: modules, device and tokens of its own. Several
 * may be open in one test, one after another at work.
 */
export async function openApp(address: string) {
	vi.resetModules();
	stubPage(address);
	const [
		account,
		members,
		invite,
		accept,
		api,
		origin,
		store,
		keys,
		give,
		regrant,
		session,
		...more
	] = await Promise.all([
		import('../pwa/src/lib/account/account.svelte.ts'),
		import('../pwa/src/lib/people/members.ts'),
		import('../pwa/src/lib/people/invite.ts'),
		import('../pwa/src/lib/people/accept.ts'),
		import('../pwa/src/lib/net/api.ts'),
		import('../pwa/src/lib/net/origin.ts'),
		import('../pwa/src/lib/recordings/store.ts'),
		import('../pwa/src/lib/recordings/keys.ts'),
		import('../pwa/src/lib/recordings/give.ts'),
		import('../pwa/src/lib/recordings/regrant.ts'),
		import('../pwa/src/lib/sessions/session.ts'),
		import('../pwa/src/lib/access/reasons.ts'),
		import('../pwa/src/lib/access/openings.svelte.ts'),
		import('../pwa/src/lib/access/take.ts'),
		import('../pwa/src/lib/deletion/receipt.ts'),
		import('../pwa/src/lib/recordings/annotations.ts'),
		import('../pwa/src/lib/recordings/beside.ts'),
		import('../pwa/src/lib/recordings/reader.ts'),
	]);
	const [reasons, openings, take, receipt, annotations, beside, reader] = more;
	return {
		...account,
		...members,
		...invite,
		...accept,
		...api,
		...origin,
		...store,
		...keys,
		...give,
		...regrant,
		...session,
		...reasons,
		...openings,
		...take,
		...receipt,
		...annotations,
		...beside,
		...reader,
	};
}

export type App = Awaited<ReturnType<typeof openApp>>;

type Rows = Map<string, unknown>;

/** A table of IndexedDB as far as the account uses it. */
function tableOf(rows: Rows) {
	const keyOf = (row: object) => String(Object.values(row)[0]);
	return {
		get: async (key: string) => rows.get(key),
		put: async (row: object) => void rows.set('id' in row ? String(row.id) : keyOf(row), row),
		delete: async (key: string) => void rows.delete(key),
		clear: async () => rows.clear(),
	};
}

class Silent extends EventTarget {
	postMessage(): void {}
	close(): void {}
}

const raw = <T>(value: T): T => value;
const rune = () => Object.assign(raw, { raw, by: raw });

/** What the app needs of a page. Requests carry the origin, as a browser sends it. */
function stubPage(address: string): void {
	vi.stubGlobal('$state', rune());
	vi.stubGlobal('$derived', rune());
	vi.stubGlobal('location', { origin: address });
	vi.stubGlobal('BroadcastChannel', Silent);
	vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
		const headers = new Headers(init.headers);
		headers.set('origin', address);
		return sending(url, { ...init, headers });
	});
	const tables = new Map<string | symbol, ReturnType<typeof tableOf>>();
	const db = new Proxy(
		{},
		{
			get(_, name) {
				const table = tables.get(name) ?? tableOf(new Map());
				tables.set(name, table);
				return table;
			},
		},
	);
	vi.doMock('#lib/db/db.ts', () => ({ db }));
	// It has kept no codes, and of copies no files.
	vi.doMock('#lib/code/shelf.ts', async (whole) => ({
		...(await whole<object>()),
		forgetCodes: async () => {},
	}));
	vi.doMock('#lib/copies/folder.ts', async (whole) => ({
		...(await whole<object>()),
		removeAllFolders: async () => {},
	}));
	vi.doMock('#lib/account/idle.ts', () => ({
		IdleWatch: class {
			seen(): void {}
			stop(): void {}
			limit(): void {}
		},
	}));
}

const sending = globalThis.fetch;

/** Makes the practice in a browser of its first admin. */
export async function found(local: LocalServer): Promise<App> {
	const app = await openApp(local.address);
	await app.account.setUp({
		token: new URL(local.setupUrl ?? '').hash.slice(1),
		practiceName: 'Alder Street Counseling',
		name: 'Dr. Maya Okafor',
		email: 'maya@alderstreet.example',
		password,
	});
	return app;
}

/** Every member of these tests has it. */
export const password = 'quiet-harbor-eleven';

/** Accepts an invitation by its link. */
export async function invited(app: App, link: string, who: { name: string }): Promise<void> {
	const { pathname, hash } = new URL(link);
	const open = await app.openInvitation(pathname.split('/').at(-1) ?? '', hash.slice(1));
	const { send } = await app.prepare(open, { ...who, password });
	await send();
}

/** A colleague in a browser of her own: invited, confirmed and signed in. `member` = who comes back. */
export async function join(
	admin: App,
	who: { email: string; role: Role; name?: string; member?: string },
): Promise<{ app: App; id: string }> {
	const { email, role, member, name = 'Tom Reyes' } = who;
	const app = await openApp(new URL(admin.address('/')).origin);
	const link = await admin.invite({ email, role, ...(member !== undefined && { member }) });
	await invited(app, link, { name });
	const bad = await admin.confirmWaiting(await admin.fetchPeople());
	if (bad.length > 0) throw new Error('not confirmed');
	await app.account.signIn(email, password);
	return { app, id: app.account.member.id };
}
