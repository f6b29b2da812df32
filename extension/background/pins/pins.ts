import * as v from 'valibot';
import { api, can } from '../../chrome.ts';
import { CodeAsk, type CodeState, CodeWord } from '../../shared/code.ts';
import { readHome } from '../../shared/home.ts';
import type { CodeView } from '../../shared/state.ts';
import { parseState, stateKey } from '../../shared/stored.ts';
import { readState, updateState } from '../state.ts';
import { turnsOf } from '../turns.ts';
import { check, pin, tabsOf, unpin } from './check.ts';
import { forgetTab, readDocuments } from './documents.ts';
import { heal, healStartup, noteStartup } from './heal.ts';
import { label } from './label.ts';
import { type Sender, markDocument, noteAnswer, noteDocument } from './pages.ts';
import { readPins } from './pin.ts';
import { ReleaseError, releaseKey } from './release.ts';
import { renew } from './renew.ts';
import { hasRule, mayPin, removeWorkers } from './rule.ts';

const alarm = 'pins';
const everyMinutes = 60;

/** What may be said of the code of a site right now. */
async function codeView(origin: string): Promise<CodeView> {
	const [pins, { documents, shown }, tabs, home] = await Promise.all([
		readPins(),
		readDocuments(),
		tabsOf(origin),
		readHome(origin),
	]);
	const open = tabs.map(({ id }) => documents[shown[id] ?? '']);
	const pinned = pins[origin];
	return label(pinned, {
		holds:
			pinned?.enabled === true &&
			(await mayPin()) &&
			(await hasRule(pinned.rule, pinned.release.csp)),
		open: open.map((one) => (one?.origin === origin ? one : undefined)),
		packaged: home === 'packaged' ? api.runtime.getManifest().version : undefined,
	});
}

const equal = (a: CodeView, b: CodeView): boolean =>
	a.mode === b.mode &&
	a.version === b.version &&
	a.files === b.files &&
	a.checkedAt === b.checkedAt;

/** Writes the labels of all practices where popup and settings read them. */
async function relabel(origins: readonly string[]): Promise<void> {
	const views = new Map<string, CodeView>();
	for (const origin of new Set(origins)) views.set(origin, await codeView(origin));
	await updateState((state) => {
		const changed = state.practices.some(({ origin, code }) => {
			const view = views.get(origin);
			return view !== undefined && !equal(view, code);
		});
		if (!changed) return state;
		const practices = state.practices.map((one) => ({
			...one,
			code: views.get(one.origin) ?? one.code,
		}));
		return { ...state, practices };
	});
}

const relabelAll = async (): Promise<void> =>
	relabel((await readState()).practices.map(({ origin }) => origin));

const isExact = async (document: string): Promise<boolean> =>
	(await readDocuments()).documents[document]?.exact ?? false;

async function hear(word: CodeWord, sender: Sender): Promise<void> {
	const one = (await readPins())[sender.origin];
	if (!one?.enabled) return;
	switch (word.type) {
		case 'code-document':
			await noteDocument(sender, word, one);
			if (!(await isExact(sender.id)) && (await mayPin())) await heal(sender.origin, sender.tab);
			break;
		case 'code-started':
			await markDocument(sender.id, 'started');
			break;
		case 'code-refused':
			await markDocument(sender.id, 'refused');
			void renew(sender.origin).then(() => relabel([sender.origin]));
	}
	await relabel([sender.origin]);
}

async function act(ask: CodeAsk): Promise<CodeState> {
	const { origin } = ask;
	if (ask.type === 'code-pin') {
		listen();
		await pin(origin);
	}
	if (ask.type === 'code-unpin') await unpin(origin);
	if (ask.type === 'code-check') await check(origin);
	await relabel([origin]);
	const one = (await readPins())[origin];
	return {
		possible: (await releaseKey()) !== undefined,
		allowed: await mayPin(),
		pinned: one?.enabled ?? false,
		problem: one?.problem ?? null,
		view: await codeView(origin),
	};
}

const refusal = (error: unknown): { error: string } => ({
	error: error instanceof ReleaseError ? `release-${error.code}` : 'unknown',
});

/** A page can say as much as it likes: no other site waits for it. */
const words = turnsOf();

function onMessage(
	message: unknown,
	sender: chrome.runtime.MessageSender,
	respond: (answer: unknown) => void,
): boolean {
	if (sender.id !== api.runtime.id) return false;
	if (v.is(CodeWord, message)) {
		const { documentId, frameId, tab, origin } = sender;
		if (documentId && frameId === 0 && tab?.id !== undefined && origin !== undefined) {
			const from = { id: documentId, tab: tab.id, origin };
			void words(origin, () => hear(message, from));
		}
		return false;
	}
	// Pages of the extension only: a page of a site has its own address as origin.
	if (sender.origin !== new URL(api.runtime.getURL('')).origin || !v.is(CodeAsk, message))
		return false;
	void act(message).then(respond, (error: unknown) => respond(refusal(error)));
	return true;
}

function onAnswer(details: chrome.webRequest.OnResponseStartedDetails): void {
	const { tabId, frameId, url, timeStamp, responseHeaders = [] } = details;
	if (tabId < 0 || frameId !== 0) return;
	const csp = responseHeaders.flatMap(({ name, value = '' }) =>
		name.toLowerCase() === 'content-security-policy' ? [value] : [],
	);
	void noteAnswer(tabId, { url: url.split('#')[0] ?? url, at: timeStamp, csp });
}

let listening = false;
/** Listens to what the browser tells only with the permissions; they may come later. */
function listen(): void {
	if (listening || !can.pins) return;
	listening = true;
	const urls = api.runtime.getManifest().host_permissions ?? [];
	api.webRequest.onResponseStarted.addListener(onAnswer, { urls, types: ['main_frame'] }, [
		'responseHeaders',
	]);
}

const idsOf = (stored: unknown): string =>
	stored === undefined
		? ''
		: parseState(stored)
				.practices.map(({ id }) => id)
				.join(' ');

/** A practice was paired, or somebody chose where to work. */
function onStored(changes: Record<string, chrome.storage.StorageChange>, area: string): void {
	const { oldValue, newValue } = changes[stateKey] ?? {};
	if (area === 'local' || (newValue !== undefined && idsOf(oldValue) !== idsOf(newValue)))
		void relabelAll();
}

async function onStartup(): Promise<void> {
	if (await mayPin()) {
		await noteStartup();
		for (const [origin, { enabled }] of Object.entries(await readPins()))
			if (enabled) await removeWorkers(origin);
		await healStartup();
	}
	await checkAll();
}

async function onComplete(): Promise<void> {
	if (await mayPin()) await healStartup();
	await relabelAll();
}

async function checkAll(): Promise<void> {
	for (const origin of Object.keys(await readPins())) await check(origin);
	await relabelAll();
}

/** An update of the extension clears it. One that is there is left alone: made anew it would begin to count again. */
async function keepAlarm(): Promise<void> {
	if (!(await api.alarms.get(alarm)))
		await api.alarms.create(alarm, { periodInMinutes: everyMinutes });
}

/** Holds the pages of pinned practices to their published code, and says how far that holds. See docs/trust.md. */
export function startPins(): void {
	listen();
	api.permissions.onAdded.addListener(() => {
		listen();
		void relabelAll();
	});
	api.permissions.onRemoved.addListener(() => void relabelAll());
	api.storage.onChanged.addListener(onStored);
	api.tabs.onUpdated.addListener((_tab, { status }) => {
		if (status === 'complete') void onComplete();
	});
	api.tabs.onRemoved.addListener((tab) => void forgetTab(tab).then(relabelAll));
	api.runtime.onMessage.addListener(onMessage);
	api.runtime.onStartup.addListener(() => void onStartup());
	api.alarms.onAlarm.addListener(({ name }) => {
		if (name === alarm) void checkAll();
	});
	void keepAlarm();
}
