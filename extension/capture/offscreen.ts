import * as v from 'valibot';
import { api } from '../chrome.ts';
import { bring } from './bring.ts';
import {
	CaptureGone,
	type CaptureNews,
	CaptureStop,
	CaptureThere,
	Record,
	type Recorded,
	Resume,
	type Resumed,
} from './messages.ts';
import { Capture } from './recorder.ts';
import { isOurs } from './sender.ts';

let capture: Capture | undefined;
/** The recording that is about to begin. */
let beginning: string | undefined;
/** By practice. */
const resuming = new Map<string, Promise<Resumed>>();

async function record(asked: Record): Promise<Recorded> {
	if (capture || beginning) return { refused: 'failed' };
	beginning = asked.ticket.recording;
	const started = await Capture.start(asked)
		.catch(() => undefined)
		.finally(() => (beginning = undefined));
	if (!started) return { refused: 'failed' };
	const { startedAt } = started;
	capture = started.capture;
	void capture.over.then(({ failed }) => {
		const { recording } = asked.ticket;
		const news: CaptureNews = { type: 'capture-over', recording, failed };
		capture = undefined;
		return api.runtime.sendMessage(news).catch(() => undefined);
	});
	return { startedAt };
}

/** Joins what is under way for this practice already. */
function resume(asked: Resume): Promise<Resumed> {
	const { practice } = asked;
	const under = resuming.get(practice) ?? bring(asked).finally(() => resuming.delete(practice));
	resuming.set(practice, under);
	return under;
}

/** Records what the service worker asks for; while it lasts this page is what keeps it alive. */
export function answerCapture(): void {
	api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
		if (!isOurs(sender)) return false;
		if (v.is(CaptureStop, message)) capture?.end();
		if (v.is(CaptureGone, message) && message.recording === capture?.recording) capture.fail();
		if (v.is(CaptureThere, message)) {
			const there = [capture?.recording, beginning].includes(message.recording);
			respond({ there });
		}
		if (v.is(Record, message)) {
			void record(message).then(respond);
			return true;
		}
		if (!v.is(Resume, message)) return false;
		resume(message).then(respond, () => respond({ refused: [] }));
		return true;
	});
	globalThis.addEventListener('online', () => capture?.online());
}
