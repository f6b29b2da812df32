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
import { updateState } from '../background/state.ts';
import { turns } from '../background/turns.ts';
import { api } from '../chrome.ts';
import { readPairing } from '../pairing/store.ts';
import { appAddress, readHome } from '../shared/home.ts';
import { addMade } from './made.ts';
import { type Record, Recorded } from './messages.ts';
import { type Wish, readRunning, readWish, writeRunning, writeWish } from './state.ts';
import { refusalOf, showMark } from './tab.ts';

/**
 * The user wants this tab captured: the practice's page, where the keys are, is opened to ask what for. Must be called
 * while the browser's leave for the tab holds: after a click on the button or the keyboard command.
 */
export async function want(
	tab: chrome.tabs.Tab,
	practice: string,
): Promise<Partial<CaptureRefused>> {
	if (await readRunning()) return { refused: 'running' };
	const pairing = await readPairing(practice);
	if (!pairing || tab.id === undefined) return { refused: 'gone' };
	const refused = await refusalOf(tab.id);
	if (refused) return { refused };
	const request = toBase64url(random(16));
	const title = (tab.title ?? '').slice(0, 200);
	const wish = { request, practice: pairing.practice, tab: tab.id, title, page: null };
	await writeWish(wish);
	const path = `/capture?${new URLSearchParams({ request }).toString()}`;
	// Her keys are where she works, and nothing may ask for them elsewhere.
	const inPackage = (await readHome(pairing.origin)) === 'packaged';
	const url = inPackage ? appAddress(pairing.origin, path) : `${pairing.origin}${path}`;
	const page = await api.tabs.create({ url, openerTabId: tab.id });
	await writeWish({ ...wish, page: page.id ?? null });
	return {};
}

/** The wish that a page of this server may speak for. */
async function wishOf(server: string, request: string): Promise<Wish | undefined> {
	const wish = await readWish();
	const pairing = wish && (await readPairing(wish.practice));
	return wish?.request === request && pairing?.origin === server ? wish : undefined;
}

export async function wanted(
	server: string,
	request: string,
): Promise<CaptureWanted | CaptureRefused> {
	const wish = await wishOf(server, request);
	const pairing = wish && (await readPairing(wish.practice));
	if (!wish || !pairing) return { refused: 'gone' };
	return { practice: wish.practice, device: pairing.device, title: wish.title };
}

/** Back to where the user came from. */
async function back({ tab, page }: Wish): Promise<void> {
	await api.tabs.update(tab, { active: true }).catch(() => undefined);
	if (page !== null) await api.tabs.remove(page).catch(() => undefined);
}

export async function dropped(server: string, request: string): Promise<CaptureRefused> {
	const wish = await wishOf(server, request);
	if (wish) {
		await writeWish(undefined);
		await back(wish);
	}
	return { refused: 'gone' };
}

/** One after another: of two that begin, the later one finds that a capture runs. */
const inTurn = turns();

/** The page has made the keys: now it begins. */
export const begin = (
	server: string,
	request: string,
	ticket: CaptureTicket,
): Promise<CaptureBegun | CaptureRefused> => inTurn(() => beginNow(server, request, ticket));

async function beginNow(
	server: string,
	request: string,
	ticket: CaptureTicket,
): Promise<CaptureBegun | CaptureRefused> {
	const wish = await wishOf(server, request);
	if (!wish) return { refused: 'gone' };
	if (await readRunning()) return { refused: 'running' };
	// The page may have changed while the user was asked.
	const refused = await refusalOf(wish.tab);
	if (refused) return { refused };
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
		recording: m.capture_banner(),
		gap: m.capture_banner_gap(),
		stop: m.capture_stop(),
		failed: m.capture_banner_failed(),
		close: m.capture_seen(),
	};
	const asked: Record = { type: 'capture-record', stream, tab, practice, ticket, words };
	return v.parse(Recorded, await api.runtime.sendMessage(asked));
}
