import { random, toBase64url } from '#crypto/bytes.ts';
import { m } from '#lib/paraglide/messages.js';
import type {
	CaptureBegun,
	CaptureRefused,
	CaptureTicket,
	CaptureWanted,
} from '#protocol/capture.ts';
import * as v from 'valibot';
import { ensureOffscreen } from '../background/offscreen.ts';
import { readState, updateState } from '../background/state.ts';
import { turns } from '../background/turns.ts';
import { api } from '../chrome.ts';
import { readPairing } from '../pairing/store.ts';
import { appAddress, readHome } from '../shared/home.ts';
import { addMade, readMade } from './made.ts';
import { type Record, Recorded } from './messages.ts';
import { type Wish, readRunning, readWish, writeRunning, writeWish } from './state.ts';
import { lookAt, showMark } from './tab.ts';

/** Who has not answered by then asks for the tab again. */
const wishMs = 10 * 60_000;

/**
 * The user wants this tab captured: the practice's page, where the keys are, is opened to ask what for. Must be called
 * while the browser's leave for the tab holds: after a click on the button or the keyboard command.
 */
export async function want(
	tab: chrome.tabs.Tab,
	practice: string,
): Promise<Partial<CaptureRefused>> {
	if (await readRunning()) return busy();
	const pairing = await readPairing(practice);
	if (!pairing || tab.id === undefined) return { refused: 'gone' };
	const seen = await lookAt(tab.id);
	if ('refused' in seen) return seen;
	const request = toBase64url(random(16));
	const title = (tab.title ?? '').slice(0, 200);
	const of = { practice: pairing.practice, tab: tab.id, address: seen.address, title };
	const wish = { request, ...of, page: null, at: Date.now() };
	await writeWish(wish);
	const path = `/capture?${new URLSearchParams({ request }).toString()}`;
	// Her keys are where she works, and nothing may ask for them elsewhere.
	const inPackage = (await readHome(pairing.origin)) === 'packaged';
	const url = inPackage ? appAddress(pairing.origin, path) : `${pairing.origin}${path}`;
	const page = await api.tabs.create({ url, openerTabId: tab.id });
	await writeWish({ ...wish, page: page.id ?? null });
	return {};
}

/** The page of a practice that asks: of which server, and in which tab. */
export interface Asker {
	readonly server: string;
	readonly page: number | undefined;
}

/** The wish that this page may speak for: it was opened for it, a short while ago. */
async function wishOf({ server, page }: Asker, request: string): Promise<Wish | undefined> {
	const wish = await readWish();
	if (wish?.request !== request || Date.now() - wish.at > wishMs) return undefined;
	if (wish.page !== null && wish.page !== page) return undefined;
	const pairing = await readPairing(wish.practice);
	return pairing?.origin === server ? wish : undefined;
}

/** A tab was closed: neither what was to be captured, nor the page that asks, comes back. */
export async function closed(tab: number): Promise<void> {
	const wish = await readWish();
	if (wish?.tab === tab || wish?.page === tab) await writeWish(undefined);
}

/** Something is captured, or was and is still on its way to the server. */
async function busy(): Promise<CaptureRefused> {
	const { capture } = await readState();
	return { refused: capture?.state === 'uploading' ? 'uploading' : 'running' };
}

export async function wanted(
	asker: Asker,
	request: string,
): Promise<CaptureWanted | CaptureRefused> {
	const wish = await wishOf(asker, request);
	const pairing = wish && (await readPairing(wish.practice));
	if (!wish || !pairing) return { refused: 'gone' };
	return { practice: wish.practice, device: pairing.device, title: wish.title };
}

/** Back to where the user came from. */
async function back({ tab, page }: Wish): Promise<void> {
	await api.tabs.update(tab, { active: true }).catch(() => undefined);
	if (page !== null) await api.tabs.remove(page).catch(() => undefined);
}

export async function dropped(asker: Asker, request: string): Promise<CaptureRefused> {
	const wish = await wishOf(asker, request);
	if (wish) {
		await writeWish(undefined);
		await back(wish);
	}
	return { refused: 'gone' };
}

/** One after another: of two that begin, the later one finds that a capture runs. */
export const inTurn = turns();

/** The page has made the keys: now it begins. */
export const begin = (
	asker: Asker,
	request: string,
	ticket: CaptureTicket,
): Promise<CaptureBegun | CaptureRefused> => inTurn(() => beginNow(asker, request, ticket));

/** A page asks again whose answer was lost, because the service worker ended in the middle of it. */
async function begunBefore(
	{ server }: Asker,
	recording: string,
): Promise<CaptureBegun | undefined> {
	const running = await readRunning();
	if (running?.recording !== recording) return undefined;
	const pairing = await readPairing((await readMade())[recording] ?? '');
	return pairing?.origin === server ? { startedAt: running.startedAt } : undefined;
}

/** Many pages write what they show into what follows the path, and go on being the same page. */
function placeOf(address: string): string {
	const { origin, pathname } = new URL(address);
	return origin + pathname;
}

async function beginNow(
	asker: Asker,
	request: string,
	ticket: CaptureTicket,
): Promise<CaptureBegun | CaptureRefused> {
	const begunAlready = await begunBefore(asker, ticket.recording);
	if (begunAlready) return begunAlready;
	const wish = await wishOf(asker, request);
	if (!wish) return { refused: 'gone' };
	if (await readRunning()) return busy();
	// The tab may show something else by now, which nobody asked to record.
	const seen = await lookAt(wish.tab);
	if ('refused' in seen) return seen;
	if (placeOf(seen.address) !== placeOf(wish.address)) return { refused: 'gone' };
	// While the tab was asked, the user may have closed the page.
	if (!(await wishOf(asker, request))) return { refused: 'gone' };
	await writeWish(undefined);
	const { recording } = ticket;
	await addMade(recording, wish.practice);
	if (!(await ensureOffscreen())) return { refused: 'failed' };
	const { tab, title } = wish;
	await writeRunning({ recording, tab, title, startedAt: Date.now() });
	const begun = await record(wish, ticket).catch(() => ({ refused: 'failed' as const }));
	if ('refused' in begun) {
		await writeRunning(undefined);
		return begun;
	}
	// It may be over again already.
	if ((await readRunning())?.recording !== recording) return begun;
	await writeRunning({ recording, tab, title, startedAt: begun.startedAt });
	const { startedAt } = begun;
	const view = { recording, title, startedAt, behind: 0, state: 'recording' } as const;
	await updateState((state) => ({ ...state, capture: view }));
	await showMark(true);
	// The page hears it first, or it would be gone before the answer.
	setTimeout(() => void back(wish), 300);
	return begun;
}

async function record({ tab, practice }: Wish, ticket: CaptureTicket): Promise<Recorded> {
	const stream = await api.tabCapture.getMediaStreamId({ targetTabId: tab });
	const words = {
		starting: m.capture_banner_starting(),
		recording: m.capture_banner(),
		gap: m.capture_banner_gap(),
		full: m.capture_banner_full(),
		stop: m.capture_stop(),
		failed: m.capture_banner_failed(),
		close: m.capture_seen(),
	};
	const asked: Record = { type: 'capture-record', stream, tab, practice, ticket, words };
	return v.parse(Recorded, await api.runtime.sendMessage(asked));
}
