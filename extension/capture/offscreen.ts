import * as v from 'valibot';
import { RecorderClient, RecorderError } from '#lib/record/client.ts';
import RecorderWorker from '#lib/record/worker/main.ts?worker';
import { api } from '../chrome.ts';
import { Tokens } from '../background/presence/tokens.ts';
import { RequestError } from '../background/presence/server.ts';
import { readPairing } from '../pairing/store.ts';
import { folder } from './made.ts';
import {
	CaptureGone,
	type CaptureNews,
	CaptureStop,
	Record,
	type Recorded,
	Resume,
} from './messages.ts';
import { Capture } from './recorder.ts';
import { isOurs } from './sender.ts';

let capture: Capture | undefined;
let resuming: Promise<void> | undefined;

async function record(asked: Record): Promise<Recorded> {
	if (capture) return { refused: 'failed' };
	const started = await Capture.start(asked).catch(() => undefined);
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

/** Uploads what an earlier run of this browser left here. It is sealed, and takes no key. */
async function resume({ made }: Resume): Promise<void> {
	let tokens: Tokens | undefined;
	const client = new RecorderClient(new RecorderWorker({ name: folder }), ({ type }) => {
		if (type !== 'token-needed' || !tokens) return;
		tokens.drop();
		// Offline, or taken off the list: it is tried again in a while.
		tokens.get().then(
			(token) => client.token(token),
			() => client.terminate(),
		);
	});
	try {
		const { recordings } = await client.request({ type: 'leftovers' });
		for (const { recording } of recordings) {
			const pairing = await readPairing(made[recording] ?? '');
			try {
				// No server takes it from anybody but the pairing that made it.
				if (!pairing) throw new RecorderError('not-found', null);
				tokens = new Tokens(pairing);
				const server = { origin: pairing.origin, token: await tokens.get() };
				// Deleted or finished elsewhere: the worker has forgotten it already.
				await client.request({ type: 'resume', recording, server });
			} catch (error) {
				// One practice that cannot be reached holds up no other.
				if (!(error instanceof RecorderError || error instanceof RequestError)) throw error;
				if (error.code === 'not-found')
					await client.request({ type: 'forget', recording }).catch(ignoreRefusal);
			}
		}
	} finally {
		client.terminate();
	}
}

function ignoreRefusal(error: unknown): undefined {
	if (!(error instanceof RecorderError)) throw error;
}

/** Records what the service worker asks for; while it lasts this page is what keeps it alive. */
export function answerCapture(): void {
	api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
		if (!isOurs(sender)) return false;
		if (v.is(CaptureStop, message)) capture?.end();
		if (v.is(CaptureGone, message) && message.recording === capture?.recording) capture.fail();
		if (v.is(Record, message)) {
			void record(message).then(respond);
			return true;
		}
		if (!v.is(Resume, message)) return false;
		resuming ??= resume(message).finally(() => (resuming = undefined));
		void resuming.finally(() => respond({}));
		return true;
	});
	globalThis.addEventListener('online', () => capture?.online());
}
