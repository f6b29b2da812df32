import * as v from 'valibot';
import { openGrant } from '#crypto/grant/grant.ts';
import { verifyCapture } from '#crypto/consent/capture.ts';
import { equal } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { importTrackKey } from '#crypto/track/key.ts';
import type { TabTicket } from '#lib/record/tab.ts';
import { TabAnswer, type TabRequest } from '#lib/record/tabmessages.ts';
import TabWorker from '#lib/record/worker/tab.ts?worker';
import { api } from '../chrome.ts';
import { RequestError } from '../background/presence/server.ts';
import { Tokens } from '../background/presence/tokens.ts';
import { type Pairing, readPairing } from '../pairing/store.ts';
import { CaptureProblem } from '../shared/stored.ts';
import { Banner } from './banner.ts';
import { folder } from './made.ts';
import type { CaptureNews, Record } from './messages.ts';

/** Nobody watches a tab that has shown nothing of itself for so long. */
const heldMaxMs = 10 * 60_000;
/** What has not begun by then does not begin: the server cannot be reached, or the tab shows no banner. */
const beginMs = 20_000;
const renewMs = 5_000;
const pictures = { maxWidth: 1280, maxHeight: 720, maxFrameRate: 20 };

/** What the page made, checked against what pairing pinned, and opened. Throws CryptoError. */
async function openTicket({ ticket }: Record, pairing: Pairing): Promise<TabTicket> {
	const { recording, tracks, grant, capture: signed } = ticket;
	const { identity: memberKey, signing, presence } = pairing;
	const capture = await verifyCapture({ signed, memberKey });
	const { practice, member, recorder, title, purpose } = capture;
	const ours = practice === pairing.practice && member === pairing.member;
	if (!ours || capture.recording !== recording || !equal(recorder, signing.publicKey))
		throw new CryptoError('bad-signature');
	const { keys } = await openGrant({
		grant,
		recording,
		identity: {
			publicIdentity: { ed25519: signing.publicKey, x25519: presence.publicKey },
			x25519: presence.privateKey,
		},
		grantorKey: memberKey,
	});
	const keyOf = async (track: string): Promise<CryptoKey> => {
		const found = keys.find((one) => one.track === track);
		if (!found) throw new CryptoError('no-key');
		return importTrackKey(found.key);
	};
	const opened = {
		recording,
		practice: pairing.practiceName,
		title,
		purpose,
		capture: signed,
		tracks: { person: 0, ...tracks, key: await keyOf(tracks.final) },
		manifestKey: await keyOf(recording),
		signing,
	};
	for (const { key } of keys) key.fill(0);
	return opened;
}

/** Sound and picture of a tab. Chrome's own words for it are none of the standard's. */
async function streamOf(stream: string): Promise<MediaStream> {
	const source = { chromeMediaSource: 'tab', chromeMediaSourceId: stream };
	const constraints: object = {
		audio: { mandatory: source },
		video: { mandatory: { ...source, ...pictures } },
	};
	return navigator.mediaDevices.getUserMedia(constraints);
}

const readable = <T extends AudioData | VideoFrame>(
	track: MediaStreamTrack | undefined,
): ReadableStream<T> | null =>
	track ? new MediaStreamTrackProcessor<T>({ track }).readable : null;

/** The one to be told of first. */
function problemOf(problems: readonly string[]): v.InferOutput<typeof CaptureProblem> | null {
	if (problems.includes('quota-full') || problems.includes('quota-low')) return 'low-space';
	return CaptureProblem.options.find((one) => problems.includes(one)) ?? null;
}

/** One capture, from the first frame until it is finished at the server. */
export class Capture {
	readonly recording: string;
	readonly tab: number;
	readonly #worker = new TabWorker({ name: folder });
	readonly #practice: string;
	#tokens: Tokens;
	readonly #media: MediaStream;
	readonly #sound = new AudioContext();
	readonly #banner: Banner;
	readonly #started = Promise.withResolvers<number>();
	readonly #late = Promise.withResolvers<never>();
	readonly #over = Promise.withResolvers<{ failed: boolean }>();
	#heldSince: number | undefined;
	#began = false;
	#ending = false;

	private constructor(options: { asked: Record; pairing: Pairing; media: MediaStream }) {
		const { asked, pairing, media } = options;
		this.recording = asked.ticket.recording;
		this.tab = asked.tab;
		this.#practice = asked.practice;
		this.#tokens = new Tokens(pairing);
		this.#media = media;
		this.#banner = new Banner(asked, {
			changed: () => this.#follow(),
			stop: () => this.end(),
		});
		this.#worker.addEventListener('message', ({ data }: MessageEvent<unknown>) =>
			this.#hear(v.parse(TabAnswer, data)),
		);
		this.#worker.addEventListener('error', () => this.fail());
		// The tab was closed, or the browser ended it.
		for (const track of media.getTracks()) track.addEventListener('ended', () => this.end());
		// Capturing takes the sound away from the loudspeaker.
		if (media.getAudioTracks().length > 0)
			this.#sound.createMediaStreamSource(media).connect(this.#sound.destination);
	}

	/** Resolves when the first frame may come. Throws when the ticket is not good or the browser gives nothing. */
	static async start(asked: Record): Promise<{ capture: Capture; startedAt: number }> {
		// First of all: the id of the stream is good for seconds only.
		const media = await streamOf(asked.stream);
		try {
			const pairing = await readPairing(asked.practice);
			if (!pairing) throw new CryptoError('no-key');
			const ticket = await openTicket(asked, pairing);
			const capture = new Capture({ asked, pairing, media });
			try {
				const late = AbortSignal.timeout(beginMs);
				late.addEventListener('abort', () => capture.#late.reject(new Error('late')));
				const beginning = capture.#start(ticket, pairing);
				return { capture, startedAt: await Promise.race([beginning, capture.#late.promise]) };
			} catch (error) {
				capture.fail();
				throw error;
			}
		} catch (error) {
			for (const track of media.getTracks()) track.stop();
			throw error;
		}
	}

	/** Resolves when everything is at the server, or nothing more can be done here: then it failed. */
	get over(): Promise<{ failed: boolean }> {
		return this.#over.promise;
	}

	/** Ends it; what is sealed goes on being uploaded. */
	end(): void {
		if (this.#ending) return;
		this.#ending = true;
		for (const track of this.#media.getTracks()) track.stop();
		this.#banner.close({ failed: false });
		this.#post({ type: 'end' });
	}

	/** Ends it at once, and nothing more is uploaded. */
	fail(): void {
		this.#close({ failed: true });
	}

	online(): void {
		this.#post({ type: 'online' });
	}

	async #start(ticket: TabTicket, { origin }: Pairing): Promise<number> {
		const token = await this.#tokens.get();
		const [video] = this.#media.getVideoTracks();
		const [audio] = this.#media.getAudioTracks();
		const streams = { video: readable<VideoFrame>(video), audio: readable<AudioData>(audio) };
		const transfer = [streams.video, streams.audio].filter((stream) => stream !== null);
		const server = { origin, token };
		await this.#showBanner();
		this.#worker.postMessage({ type: 'start', ticket, server, ...streams }, transfer);
		const startedAt = await this.#started.promise;
		this.#began = true;
		this.#banner.begun({ full: false });
		this.#follow();
		return startedAt;
	}

	/** Nothing is recorded before everybody at this screen can see that it is. */
	async #showBanner(): Promise<void> {
		const news: CaptureNews = { type: 'capture-banner', tab: this.tab };
		await api.runtime.sendMessage(news);
		await this.#banner.shown;
	}

	#post(request: TabRequest): void {
		this.#worker.postMessage(request);
	}

	/** Records only while the tab is there, shows the banner, and shows what may be recorded. */
	#follow(): void {
		if (this.#ending) return;
		const { clear } = this.#banner;
		this.#heldSince = clear ? undefined : (this.#heldSince ?? performance.now());
		this.#post({ type: clear ? 'release' : 'hold' });
	}

	#hear(answer: TabAnswer): void {
		if (answer.type === 'started') this.#started.resolve(answer.at);
		else if (answer.type === 'token-needed') void this.#renew();
		else if (answer.type === 'status') this.#status(answer);
		else {
			const code = answer.type === 'failed' ? answer.code : undefined;
			this.#started.reject(new Error(code));
			// A token that is gone for good, a deleted recording: nothing more can be done here.
			this.#close({ failed: answer.type === 'failed' });
		}
	}

	#close(options: { failed: boolean }): void {
		// Before it began nothing was recorded, and the page that asked says so.
		const how = { failed: options.failed && this.#began };
		this.#ending = true;
		for (const track of this.#media.getTracks()) track.stop();
		this.#banner.close(how);
		if (this.#sound.state !== 'closed') void this.#sound.close();
		this.#worker.terminate();
		this.#over.resolve(how);
	}

	/** Once a second. */
	#status({ state, problems, full, behindMs }: Extract<TabAnswer, { type: 'status' }>): void {
		this.#banner.begun({ full });
		const news: CaptureNews = {
			type: 'capture-status',
			recording: this.recording,
			state,
			problem: problemOf(problems),
			behindMs,
		};
		// Nobody may be listening: the service worker sleeps, and reads it when it is told again.
		api.runtime.sendMessage(news).catch(() => undefined);
		this.#banner.look();
		const held = this.#heldSince;
		if (held !== undefined && performance.now() - held > heldMaxMs) this.end();
	}

	async #renew(): Promise<void> {
		try {
			// Paired again meanwhile, this browser goes by another device.
			const pairing = await readPairing(this.#practice);
			if (!pairing) return this.fail();
			this.#tokens = new Tokens(pairing);
			this.#post({ type: 'token', token: await this.#tokens.get() });
		} catch (error) {
			// Taken off the practice's list: its server takes nothing from us any more.
			if (error instanceof RequestError && error.code === 'not-found') this.fail();
			else setTimeout(() => void this.#renew(), renewMs);
		}
	}
}
