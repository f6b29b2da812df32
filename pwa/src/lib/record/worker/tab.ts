import * as v from 'valibot';
import { CryptoError } from '#crypto/errors.ts';
import { ApiError, RecordingsApi } from '../api.ts';
import type { Disk } from '../disk.ts';
import { finishRecording } from '../finish.ts';
import { judgeEnded } from '../judge.ts';
import type { Problem } from '../messages.ts';
import { nextPartOf } from '../recover.ts';
import { Pauses, persist } from '../retry.ts';
import { localParts } from '../sources.ts';
import { TabRecording } from '../tab.ts';
import { type TabAnswer, TabRequest } from '../tabmessages.ts';
import { encodePictures, encodeSound } from './encoders.ts';
import { OpfsShelf } from './opfs.ts';

declare const self: DedicatedWorkerGlobalScope;

type Start = Extract<TabRequest, { type: 'start' }>;

const tickMs = 1000;
/** Named as the worker is. */
const shelf = new OpfsShelf(self.name);
const pauses = new Pauses();
let running:
	| { live: TabRecording; api: RecordingsApi; start: Start; over: Promise<unknown> }
	| undefined;
let starting: Promise<void> | undefined;
let held = false;
let token: { value: string; renewed: PromiseWithResolvers<void> };
const problems = new Set<Problem>();
let frames = 0;
let ticks: ReturnType<typeof setInterval> | undefined;
/** Since when everything up to now was at the server. */
let evenMs = 0;
/** How far the wall clock ran ahead of the other one, which stands still while the machine sleeps. */
let sleptMs = 0;

const tell = (answer: TabAnswer): void => self.postMessage(answer);

function now(): number {
	const ms = performance.timeOrigin + performance.now() + sleptMs;
	const ahead = Date.now() - ms;
	if (ahead > 2000) sleptMs += ahead;
	return ahead > 2000 ? ms + ahead : ms;
}

async function tokenOf(stale?: string): Promise<string> {
	if (stale === undefined || stale !== token.value) return token.value;
	tell({ type: 'token-needed' });
	await token.renewed.promise;
	return tokenOf();
}

function around() {
	return {
		now,
		freeBytes: async () => {
			const { quota, usage } = await navigator.storage.estimate();
			return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
		},
		problem: (problem: Problem, on: boolean) => {
			// Deleted at the server, or more than it takes: nothing of what comes would be kept.
			if (on && problem === 'upload-refused') tell({ type: 'failed', code: problem });
			if (on) problems.add(problem);
			else problems.delete(problem);
		},
	};
}

function encode(live: TabRecording, { video, audio }: Start): Promise<unknown> {
	const sink = {
		frame: (frame: Parameters<TabRecording['frame']>[0]) => {
			if (frame.kind === 'video') frames++;
			live.frame(frame);
		},
		get needsKey() {
			return live.needsKey;
		},
		resized: () => live.roll(),
		failed: () => tell({ type: 'failed', code: 'codec' }),
	};
	return Promise.allSettled([
		video && encodePictures(video, sink),
		audio && encodeSound(audio, sink),
	]);
}

function status(): void {
	if (!running) return;
	const { live } = running;
	const { bytesStored, bytesAcked } = live.keeper.stored;
	if (bytesStored === bytesAcked) evenMs = now();
	const ended = live.spans.state === 'off';
	const { overflowing: full } = live.keeper;
	const state = ended ? 'uploading' : live.holding || full ? 'gap' : 'recording';
	const behindMs = Math.round(now() - evenMs);
	tell({ type: 'status', state, problems: [...problems], full, behindMs, frames });
}

function failed(error: unknown): void {
	const known = error instanceof ApiError || error instanceof CryptoError;
	tell({ type: 'failed', code: known ? error.code : 'internal' });
	if (!known) throw error;
}

async function start(request: Start): Promise<void> {
	const { ticket, server } = request;
	token = { value: server.token, renewed: Promise.withResolvers() };
	const api = new RecordingsApi({ origin: server.origin, token: tokenOf });
	const disk: Disk | undefined = await shelf.take(ticket.recording);
	if (!disk) throw new ApiError('conflict');
	const live = await TabRecording.start({ ticket, api, pauses, disk, around: around() });
	evenMs = now();
	if (held) live.hold();
	running = { live, api, start: request, over: encode(live, request) };
	ticks = setInterval(() => void live.tick().then(status, failed), tickMs);
	tell({ type: 'started', at: live.startedAt });
}

function hold(on: boolean): void {
	held = on;
	if (on) running?.live.hold();
	else running?.live.release();
}

async function end(): Promise<void> {
	await starting;
	if (!running) return;
	const { live, api, start: request, over } = running;
	const { recording, tracks, manifestKey, signing } = request.ticket;
	// What is still in the encoders came before the end.
	await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 1000))]);
	await live.end();
	clearInterval(ticks);
	ticks = setInterval(status, tickMs);
	const { signal } = new AbortController();
	const { spool, uploader } = live.keeper;
	await uploader.idle(signal);
	const stored = await persist(() => api.recording(recording, signal), { pauses, signal });
	const finished = await finishRecording({
		api,
		pauses,
		source: localParts({ spool, api, recording, signal }),
		people: [tracks],
		manifestKey,
		signing,
		manifest: live.manifest(),
		nextPart: nextPartOf(stored),
		judge: judgeEnded,
		recovered: false,
		signal,
		progress: () => undefined,
	});
	uploader.stop();
	clearInterval(ticks);
	await shelf.release(recording, { remove: true });
	tell({ type: 'finished', ...finished });
}

async function handle(request: TabRequest): Promise<void> {
	if (request.type === 'start') await (starting = start(request));
	else if (request.type === 'hold' || request.type === 'release') hold(request.type === 'hold');
	else if (request.type === 'end') await end();
	else if (request.type === 'online') pauses.wake();
	else {
		const { renewed } = token;
		token = { value: request.token, renewed: Promise.withResolvers() };
		renewed.resolve();
	}
}

self.addEventListener('message', (event: MessageEvent<unknown>) => {
	handle(v.parse(TabRequest, event.data)).catch(failed);
});
