import * as v from 'valibot';
import { CaptureAsk } from '#protocol/capture.ts';
import { showBadge } from '../background/presence/badge.ts';
import { readState, updateState } from '../background/state.ts';
import { api } from '../chrome.ts';
import { serverOf } from '../pairing/page.ts';
import { onPairingsChanged, readPairing } from '../pairing/store.ts';
import { askForTab, byCommand, permitted } from './asking.ts';
import { type Asker, begin, closed, dropped, inTurn, wanted } from './begin.ts';
import { listLeftovers, sendLeftovers } from './leftovers.ts';
import { readMade } from './made.ts';
import {
	type CaptureGone,
	CaptureLook,
	CaptureNews,
	CaptureSeen,
	CaptureStop,
	CaptureTab,
	type CaptureThere,
	There,
} from './messages.ts';
import type { CaptureView } from '../shared/state.ts';
import { isOurs } from './sender.ts';
import { type Running, readRunning, writeRunning } from './state.ts';
import { showBanner, showMark } from './tab.ts';

const command = 'capture-tab';
/** While a capture runs, and until what it left is away. */
const alarm = 'capture';
const alarmMinutes = 0.5;

async function answer(asker: Asker, asked: CaptureAsk): Promise<object> {
	const { type, request } = asked;
	if (type === 'capture-wanted') return wanted(asker, request);
	if (type === 'capture-begin') return begin(asker, request, asked.ticket);
	return dropped(asker, request);
}

type Respond = (answer: unknown) => void;

/** Answers a page of a practice; false for what is not for us, or from a page that may not ask. */
function answerPage(
	message: unknown,
	sender: chrome.runtime.MessageSender,
	respond: Respond,
): boolean {
	const asked = v.safeParse(CaptureAsk, message);
	const server = asked.success ? serverOf(sender, asked.output.server) : undefined;
	if (!asked.success || server === undefined) return false;
	answer({ server, page: sender.tab?.id }, asked.output)
		.then(respond, () => respond({ refused: 'failed' }))
		.finally(recover);
	return true;
}

/** Shows the banner again where it is not; in any other tab than the captured one there is nothing to do. */
async function look(tab?: number): Promise<void> {
	const running = await readRunning();
	if (running && (tab ?? running.tab) === running.tab) await showBanner(running.tab);
}

async function hear(news: CaptureNews): Promise<void> {
	const running = await readRunning();
	if (news.type === 'capture-banner') {
		if (running?.tab === news.tab) await showBanner(news.tab);
		return;
	}
	if (running?.recording !== news.recording) return;
	if (news.type === 'capture-over') return over(news);
	return show(running, news);
}

/** Also what a service worker began that ended before it could show it. */
async function show(
	{ recording, title, startedAt }: Running,
	{ state, problem, behindMs }: Extract<CaptureNews, { type: 'capture-status' }>,
): Promise<void> {
	// A moment is always under way.
	const behind = behindMs < 5000 ? 0 : Math.round(behindMs / 1000);
	const view = { recording, title, startedAt, state, problem, behind };
	let shown: CaptureView['state'] | undefined;
	await updateState((before) => {
		const capture = before.capture?.recording === recording ? before.capture : undefined;
		shown = capture?.state;
		const { state: is, problem: of = null, behind: by } = capture ?? {};
		if (is === state && of === problem && by === behind) return before;
		return { ...before, capture: view };
	});
	if (shown === state) return;
	await showMark(state !== 'uploading');
	// Nothing is recorded any more: it says who waits again.
	if (state === 'uploading') await showBadge(await readState());
}

async function over({ failed }: { failed: boolean }): Promise<void> {
	await writeRunning(undefined);
	await updateState((before) => {
		const { capture } = before;
		if (!capture || !failed) return { ...before, capture: null };
		return { ...before, capture: { ...capture, state: 'failed', stoppedAt: Date.now() } };
	});
	await showMark(false);
	await showBadge(await readState());
	if (failed) void recover();
}

/** The user has seen that it failed. */
async function seen(): Promise<void> {
	await updateState((before) =>
		before.capture?.state === 'failed' ? { ...before, capture: null } : before,
	);
	await showBadge(await readState());
}

/** What is captured for a practice ends with the pairing. */
async function checkPairing(): Promise<void> {
	const running = await readRunning();
	if (!running) return;
	const { [running.recording]: practice = '' } = await readMade();
	if (await readPairing(practice)) return;
	const gone: CaptureGone = { type: 'capture-gone', recording: running.recording };
	await api.runtime.sendMessage(gone).catch(() => undefined);
}

/** Answers pages of ours, the page without a window among them. */
function answerOwn(message: unknown, respond: Respond): boolean {
	const done = (work: Promise<unknown>): true => {
		work.then(
			(said) => respond(said ?? {}),
			() => respond({ error: 'internal' }),
		);
		return true;
	};
	if (v.is(CaptureNews, message)) return done(hear(message));
	// The page without a window hears it too, and ends it.
	if (v.is(CaptureStop, message)) return done(Promise.resolve());
	if (v.is(CaptureLook, message)) return done(look());
	if (v.is(CaptureSeen, message)) return done(seen());
	if (!v.is(CaptureTab, message)) return false;
	return done(askForTab(message.practice));
}

/** Whether the page without a window has it in hands; one that came after a crash is there too, and has not. */
async function isThere({ recording }: Running): Promise<boolean> {
	const [page] = await api.runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT'] });
	if (!page) return false;
	const asked: CaptureThere = { type: 'capture-there', recording };
	const said: unknown = await api.runtime.sendMessage(asked).catch(() => undefined);
	return v.is(There, said) && said.there;
}

/**
 * After the browser, the extension or the page without a window ended in the middle of it: the capture is over, and
 * what is still here is brought to the server.
 */
async function recover(): Promise<void> {
	const running = await inTurn(async () => {
		const found = await readRunning();
		if (!found || (await isThere(found))) return found;
		await over({ failed: true });
		return undefined;
	});
	const due = (await listLeftovers()).filter(({ practice }) => practice !== null);
	if (running || due.length > 0) await api.alarms.create(alarm, { periodInMinutes: alarmMinutes });
	else await api.alarms.clear(alarm);
	if (!running && due.length > 0) await sendLeftovers(due);
}

/** Capture of a tab. Registers its listeners at once; call it in the first turn of the worker. */
export function startCapture(): void {
	api.runtime.onMessageExternal.addListener(answerPage);
	api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
		if (sender.id !== api.runtime.id) return false;
		return (isOurs(sender) && answerOwn(message, respond)) || answerPage(message, sender, respond);
	});
	api.commands.onCommand.addListener((name, tab) => {
		if (name === command) void byCommand(tab);
	});
	// A page that was loaded again has lost its banner.
	api.tabs.onUpdated.addListener((id, { status }) => {
		if (status === 'complete') void look(id);
	});
	api.tabs.onRemoved.addListener((id) => void closed(id));
	api.permissions.onAdded.addListener(() => void permitted());
	onPairingsChanged(() => void checkPairing().then(recover));
	api.alarms.onAlarm.addListener(({ name }) => {
		if (name === alarm) void recover();
	});
	void recover();
}
