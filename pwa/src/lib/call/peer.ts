import type { Instance, SignalData } from 'simple-peer';
import * as v from 'valibot';
import { quietSdp } from './sdp.ts';
import { attachTransforms } from './transforms.ts';

/** So long one change of what is sent may take before the next is tried, milliseconds. */
const turnMs = 2000;
const turnIsOver = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, turnMs));

/** What a connection to one other person is for the rest of the call. */
export interface Peer {
	/** From now on the other side answers, or it has failed after `connectMs`. */
	expect(): void;
	/** Carries on what the other side signalled, in the order in which it came. */
	signal(data: string): void;
	/** Sends bytes on the data channel; false when it is not open. */
	send(bytes: Uint8Array<ArrayBuffer>): boolean;
	/** Replaces what is sent; null sends nothing of that kind. */
	setTrack(kind: 'audio' | 'video', track: MediaStreamTrack | null): Promise<void>;
	/** Asks one's own encoder for a key frame. */
	sendKeyFrame(): Promise<void>;
	/** Bounds what is sent to this person. */
	setLimits(limits: VideoLimits): Promise<void>;
	stats(): Promise<RTCStatsReport>;
	close(): void;
}

export interface VideoLimits {
	/** Of what is sent, in pixels; the camera may give more. */
	readonly width: number;
	/** Sends no pictures at all. */
	readonly paused?: boolean;
	readonly framesPerSecond: number;
	readonly bitsPerSecond: number;
}

export interface PeerOptions {
	/** The other person's seat; names the frames in the media worker. */
	readonly seat: string;
	/** Names this connection on both ends; a new one for every try. */
	readonly link: string;
	readonly initiator: boolean;
	readonly config: RTCConfiguration;
	readonly worker: Worker;
	/** What is sent; read when the connection is made, and never kept: a camera may open meanwhile. */
	readonly tracks: {
		readonly audio: MediaStreamTrack | null;
		readonly video: MediaStreamTrack | null;
	};
	readonly onsignal: (data: string) => void;
	readonly ontrack: (track: MediaStreamTrack) => void;
	readonly onconnect: () => void;
	readonly ondata: (bytes: Uint8Array<ArrayBuffer>) => void;
	/** The connection is over; `failed` when it broke or never came about. */
	readonly onclose: (failed: boolean) => void;
}

/** Longer than this and the person is told that it does not work, milliseconds. */
export const connectMs = 10_000;

/** simple-peer keeps its connection under this name; transforms and codecs are set there. */
type Inner = Instance & { readonly _pc: RTCPeerConnection };
type Constructor = typeof import('simple-peer');

function isInner(peer: Instance): peer is Inner {
	return '_pc' in peer && peer._pc instanceof RTCPeerConnection;
}
/** Descriptions and candidates only: simple-peer would also add transceivers on request, and these had no transforms. */
const SignalText = v.pipe(
	v.string(),
	v.parseJson(),
	v.union([
		v.looseObject({ type: v.picklist(['offer', 'answer']), sdp: v.string() }),
		v.looseObject({
			type: v.literal('candidate'),
			candidate: v.looseObject({ candidate: v.string() }),
		}),
	]),
);

const insertable = { encodedInsertableStreams: true };

const simplePeer = () => import('simple-peer');

/** Fetches and starts what a first connection needs, while the person still waits for it. */
export async function warmUp(config: RTCConfiguration): Promise<void> {
	await simplePeer();
	// The first connection of a page starts the browser's machinery for all of them.
	new RTCPeerConnection(config).close();
}

/** Connects to one person over simple-peer. Transforms are set in the same turn in which a connection or a track is made. */
export async function createPeer(options: PeerOptions): Promise<Peer> {
	const { default: SimplePeer } = await simplePeer();
	return new SimplePeerConnection(SimplePeer, options);
}

class SimplePeerConnection implements Peer {
	readonly #peer: Inner;
	readonly #options: PeerOptions;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#turn: Promise<void> = Promise.resolve();
	#closed = false;
	#connected = false;

	constructor(SimplePeer: Constructor, options: PeerOptions) {
		this.#options = options;
		const peer = new SimplePeer({
			initiator: options.initiator,
			trickle: true,
			sdpTransform: quietSdp,
			// Without this flag a sender whose transform comes late sends without SFrame, silently.
			config: { ...options.config, ...insertable },
		});
		if (!isInner(peer)) throw new TypeError('simple-peer holds an RTCPeerConnection');
		this.#peer = peer;
		const connection = this.#peer._pc;
		connection.addEventListener('track', (event) => this.#onTrack(event));
		if (options.initiator)
			for (const kind of ['audio', 'video'] as const) {
				const transceiver = connection.addTransceiver(kind, { direction: 'sendrecv' });
				attachTransforms(transceiver, options);
				void transceiver.sender.replaceTrack(options.tracks[kind]);
			}
		this.#listen();
	}

	#listen(): void {
		const { onsignal, onconnect, ondata } = this.#options;
		this.#peer.on('signal', (data: SignalData) => onsignal(JSON.stringify(data)));
		this.#peer.on('connect', () => {
			this.#connected = true;
			clearTimeout(this.#timer);
			onconnect();
		});
		this.#peer.on('data', (data: Uint8Array) => ondata(new Uint8Array(data)));
		this.#peer.on('error', () => this.#end(true));
		this.#peer.on('close', () => this.#end(this.#connected));
	}

	#onTrack(event: RTCTrackEvent): void {
		const { transceiver, track } = event;
		const kind = track.kind === 'audio' ? 'audio' : 'video';
		attachTransforms(transceiver, this.#options);
		if (!this.#options.initiator && transceiver.direction !== 'sendrecv') {
			// Before the answer is made, so that it says sendrecv without another round.
			transceiver.direction = 'sendrecv';
			void transceiver.sender.replaceTrack(this.#options.tracks[kind]);
		}
		this.#options.ontrack(track);
	}

	#end(failed: boolean): void {
		if (this.#closed) return;
		this.#closed = true;
		clearTimeout(this.#timer);
		this.#peer.destroy();
		this.#options.onclose(failed);
	}

	expect(): void {
		if (this.#connected || this.#closed) return;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			if (!this.#connected) this.#end(true);
		}, connectMs);
	}

	signal(data: string): void {
		const parsed = v.safeParse(SignalText, data);
		if (this.#closed || !parsed.success) return;
		const { output } = parsed;
		// Not every browser says again what it was told to say, and what it says is how this one sends.
		if ('sdp' in output && typeof output.sdp === 'string')
			this.#peer.signal(JSON.stringify({ ...output, sdp: quietSdp(output.sdp) }));
		else this.#peer.signal(data);
	}

	send(bytes: Uint8Array<ArrayBuffer>): boolean {
		if (!this.#connected || this.#closed) return false;
		this.#peer.send(bytes);
		return true;
	}

	async setTrack(kind: 'audio' | 'video', track: MediaStreamTrack | null): Promise<void> {
		if (this.#closed) return;
		for (const { sender, receiver } of this.#peer._pc.getTransceivers())
			if (receiver.track.kind === kind) await sender.replaceTrack(track);
	}

	/** Parameters are read and written in one turn: a browser refuses what was read before the last change. */
	#inTurn(work: () => Promise<void>): Promise<void> {
		const done = this.#turn.then(work);
		// A browser may never answer for a connection that is just ending: the next turn does not wait for that.
		this.#turn = Promise.race([done.catch(() => {}), this.#turn.then(turnIsOver)]);
		return done;
	}

	sendKeyFrame(): Promise<void> {
		return this.#inTurn(() => this.#keyFrame());
	}

	async #keyFrame(): Promise<void> {
		if (this.#closed) return;
		const sender = this.#peer._pc.getSenders().find((one) => one.track?.kind === 'video');
		const parameters = sender?.getParameters();
		if (!sender || !parameters?.encodings.length) return;
		const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
		await sender.setParameters(parameters, { encodingOptions });
	}

	setLimits(limits: VideoLimits): Promise<void> {
		return this.#inTurn(() => this.#limit(limits));
	}

	async #limit(limits: VideoLimits): Promise<void> {
		if (this.#closed) return;
		const video = this.#peer._pc
			.getTransceivers()
			.find((one) => one.receiver.track.kind === 'video');
		const sender = video?.sender;
		const parameters = sender?.getParameters();
		if (!sender || !parameters) return;
		const taken = sender.track?.getSettings().width ?? limits.width;
		for (const encoding of parameters.encodings) {
			encoding.active = limits.paused !== true;
			encoding.scaleResolutionDownBy = Math.max(1, taken / limits.width);
			encoding.maxFramerate = limits.framesPerSecond;
			encoding.maxBitrate = limits.bitsPerSecond;
		}
		await sender.setParameters(parameters);
	}

	stats(): Promise<RTCStatsReport> {
		return this.#peer._pc.getStats();
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		clearTimeout(this.#timer);
		this.#peer.destroy();
	}
}
