import { random } from '#crypto/bytes.ts';
import { Media } from '#lib/call/media.ts';
import { type Peer, createPeer } from '#lib/call/peer.ts';

/** One end of a connection: the app's own, with its own media worker. */
export interface End {
	readonly media: Media;
	readonly peer: Peer;
	/** Video frames that the decoder took, and that came in whole. */
	frames(): Promise<{ decoded: number; received: number; packets: number }>;
}

export const seats = ['seat-a', 'seat-b', 'seat-c'] as const;
export const link = 'one-link';
export const newKey = () => random(16);

const closing: (() => void)[] = [];

export function closeAll(): void {
	for (const close of closing.splice(0)) close();
}

/** Moving picture and tone; while they are taken the browser names its own address to itself. */
export async function devices(): Promise<{ audio: MediaStreamTrack; video: MediaStreamTrack }> {
	const size = { width: 320, height: 180, frameRate: 15 };
	const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: size });
	const [audio, video] = [stream.getAudioTracks()[0], stream.getVideoTracks()[0]];
	if (!audio || !video) throw new Error('no devices');
	closing.push(() => [audio, video].forEach((track) => track.stop()));
	return { audio, video };
}

/** An end made of the app's parts; `to` takes what it signals. */
export async function end(options: {
	initiator: boolean;
	/** The seat at the other end. */
	other: string;
	to: (data: string) => void;
	config?: RTCConfiguration;
	tracks?: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null };
	onconnect?: () => void;
}): Promise<End> {
	const { initiator, other, to, config = {}, onconnect = () => {} } = options;
	const media = new Media();
	const peer = await createPeer({
		seat: other,
		link,
		initiator,
		config,
		worker: media.worker,
		tracks: options.tracks ?? { audio: null, video: null },
		onsignal: to,
		ontrack: () => {},
		onconnect,
		ondata: () => {},
		onclose: () => {},
	});
	closing.push(() => {
		peer.close();
		media.close();
	});
	return { media, peer, frames: async () => count(await peer.stats()) };
}

function count(stats: RTCStatsReport): { decoded: number; received: number; packets: number } {
	const sum = { decoded: 0, received: 0, packets: 0 };
	for (const entry of stats.values()) {
		if (entry.type !== 'inbound-rtp' || entry.kind !== 'video') continue;
		sum.decoded += entry.framesDecoded ?? 0;
		sum.received += entry.framesReceived ?? 0;
		sum.packets += entry.packetsReceived ?? 0;
	}
	return sum;
}

/** A sends camera and microphone to B; both made of the app's own parts. */
export async function pair(config: RTCConfiguration = {}): Promise<{ a: End; b: End }> {
	const tracks = await devices();
	const connected = Promise.withResolvers<void>();
	const early: string[] = [];
	let b: End | undefined;
	const a = await end({
		initiator: true,
		other: seats[1],
		config,
		tracks,
		to: (data) => (b ? b.peer.signal(data) : early.push(data)),
		onconnect: () => connected.resolve(),
	});
	b = await end({ initiator: false, other: seats[0], to: (data) => a.peer.signal(data) });
	for (const data of early) b.peer.signal(data);
	await connected.promise;
	return { a, b };
}

/** A frame transform as somebody would write it who changed her app. */
const changed = `
	self.onrtctransform = ({ transformer }) => {
		const { mode } = transformer.options;
		const opus = Uint8Array.of(0xf8, 0xff, 0xfe);
		const stream = new TransformStream({
			transform(frame, out) {
				if (mode === 'silence' && !('type' in frame)) frame.data = opus.buffer.slice(0);
				if (mode === 'look') {
					const { mimeType } = frame.getMetadata();
					self.postMessage({ type: frame.type, mimeType, bytes: frame.data.slice(0) });
				}
				out.enqueue(frame);
			},
		});
		transformer.readable.pipeThrough(stream).pipeTo(transformer.writable).catch(() => {});
	};
`;

export interface Seen {
	readonly type?: 'key' | 'delta';
	readonly mimeType: string;
	readonly bytes: ArrayBuffer;
}

/** What a modified client does with its frames: nothing at all, silence in the clear, or look at what comes. */
export type Mode = 'nothing' | 'silence' | 'look';

/** The other end of an app's peer, made by hand: it keeps none of the app's rules about frames. */
export class Modified {
	readonly seen: Seen[] = [];
	readonly connection = new RTCPeerConnection();
	readonly #mode: Mode;
	readonly #worker: Worker;
	to: (data: string) => void = () => {};

	constructor(mode: Mode) {
		this.#mode = mode;
		this.#worker = new Worker(URL.createObjectURL(new Blob([changed])));
		this.#worker.addEventListener('message', ({ data }: MessageEvent<Seen>) =>
			this.seen.push(data),
		);
		this.connection.addEventListener('icecandidate', ({ candidate }) => {
			if (candidate) this.to(JSON.stringify({ type: 'candidate', candidate }));
		});
		this.connection.addEventListener('track', ({ receiver }) => this.#transform(receiver));
		closing.push(() => {
			this.connection.close();
			this.#worker.terminate();
		});
	}

	#transform(side: RTCRtpSender | RTCRtpReceiver): void {
		if (this.#mode === 'nothing') return;
		side.transform = new RTCRtpScriptTransform(this.#worker, { mode: this.#mode });
	}

	/** Calls the other end and sends it these tracks. */
	async call(tracks: readonly MediaStreamTrack[]): Promise<void> {
		this.connection.createDataChannel('data');
		for (const track of tracks)
			this.#transform(this.connection.addTransceiver(track, { direction: 'sendrecv' }).sender);
		await this.connection.setLocalDescription();
		this.to(JSON.stringify(this.connection.localDescription));
	}

	async hear(data: string): Promise<void> {
		const { type, sdp, candidate } = JSON.parse(data);
		if (candidate) return this.connection.addIceCandidate(candidate);
		if (!sdp) return;
		await this.connection.setRemoteDescription({ type, sdp });
		if (type !== 'offer') return;
		await this.connection.setLocalDescription();
		this.to(JSON.stringify(this.connection.localDescription));
	}
}
