import { SFrameKeyring, SFrameSender, clearBytes } from '#crypto/sframe/sframe.ts';
import { Fork } from './fork.ts';
import type { Counts, FromMedia, ToMedia, TransformOptions } from './messages.ts';
import { EvenPackets } from './opus.ts';

declare const self: DedicatedWorkerGlobalScope;

type Frame = RTCEncodedVideoFrame | RTCEncodedAudioFrame;
type Out = TransformStreamDefaultController<Frame>;

interface Epoch {
	readonly sender: SFrameSender;
	readonly seats: readonly string[];
}

const keyring = new SFrameKeyring();
const epochs = new Map<number, Epoch>();
const openers = new Map<RTCRtpScriptTransformer, TransformOptions>();
const fork = new Fork();
fork.onkeyframe = ({ own, link }) => {
	if (own) post({ type: 'own-key-frame', link });
	else requestKeyFrames(link);
};
const counts: Counts = { sealed: 0, held: 0, opened: 0, unknown: 0, refused: 0, forked: 0 };
const seen = new Set<string>();
/** What seals now; undefined while nothing may leave this page. */
let sending: Epoch | undefined;
/** Holds so far: what was being sealed when one began stays here, also when the next epoch is in use by then. */
let holds = 0;
/** Connections to those who asked for sound alone. */
let quiet: ReadonlySet<string> = new Set();
const absolute = (): number => performance.timeOrigin + performance.now();

async function sealFrame(
	frame: Frame,
	out: Out,
	options: TransformOptions,
	even: EvenPackets,
): Promise<void> {
	const ref = absolute();
	const meta = frame.getMetadata();
	const type = 'type' in frame ? frame.type : undefined;
	const clear = clearBytes(meta.mimeType ?? '', type);
	const epoch = sending;
	const allowed = holds;
	// No key, no frame. Neither is a frame sent whose codec cannot be sealed.
	if (!epoch || clear === undefined) {
		counts.held++;
		return;
	}
	const copyOnly = options.kind === 'video' && quiet.has(options.link);
	if (copyOnly && !fork.takesOwn(options.link)) return;
	const whole = new Uint8Array(frame.data);
	const payload = options.kind === 'audio' ? even.pad(whole) : whole;
	const sealed = await epoch.sender.seal(payload, clear);
	// Held meanwhile: what was being sealed stays here.
	if (holds !== allowed) {
		counts.held++;
		return;
	}
	const own = { options, own: true, ref, meta, type } as const;
	const copied = fork.takesOwn(options.link);
	if (copyOnly) {
		if (copied) fork.push({ ...own, bytes: sealed.buffer });
		return;
	}
	frame.data = sealed.buffer;
	out.enqueue(frame);
	counts.sealed++;
	if (copied) fork.push({ ...own, bytes: sealed.slice().buffer });
}

async function openFrame(frame: Frame, out: Out, options: TransformOptions): Promise<void> {
	const meta = frame.getMetadata();
	const type = 'type' in frame ? frame.type : undefined;
	const clear = clearBytes(meta.mimeType ?? '', type);
	const sealed = frame.data;
	if (clear === undefined) {
		counts.refused++;
		return;
	}
	try {
		const opened = await keyring.openFrame(new Uint8Array(sealed), clear);
		// DTLS says whose connection this is; a member that seals with another's key is not shown as that other.
		if (epochs.get(opened.generation)?.seats[opened.leaf] !== options.seat) {
			counts.unknown++;
			return;
		}
		frame.data = opened.payload.buffer;
		out.enqueue(frame);
		counts.opened++;
		first(options);
	} catch (error) {
		if (error instanceof Error && error.message === 'no-key') counts.unknown++;
		else counts.refused++;
	}
	// After the decoder has its frame, and the very buffer that came: the recorder opens it with its own key or not at all.
	const received = 'receiveTime' in meta ? Number(meta.receiveTime) : performance.now();
	const ref = performance.timeOrigin + received;
	if (fork.open) fork.push({ options, own: false, ref, meta, type, bytes: sealed });
}

function first(options: TransformOptions): void {
	const name = `${options.seat} ${options.kind}`;
	if (seen.has(name)) return;
	seen.add(name);
	post({ type: 'first-frame', seat: options.seat, kind: options.kind });
}

function post(message: FromMedia): void {
	self.postMessage(message);
}

async function onEpoch(message: Extract<ToMedia, { type: 'epoch' }>): Promise<void> {
	const { generation, baseKey, leaf, seats } = message;
	const leaves = seats.map((_, at) => at).filter((at) => at !== leaf);
	await keyring.add({ baseKey, generation, leaves });
	const sender = await SFrameSender.create({ baseKey, leaf, generation });
	epochs.set(generation, { sender, seats });
}

/** Asks everybody at once and waits for none: a connection that is just ending may never answer. */
function requestKeyFrames(link: string | null): void {
	for (const [transformer, options] of openers)
		if (options.kind === 'video' && (link === null || link === options.link))
			// One that receives nothing yet, or no more, cannot ask; its first frame will be a key frame. It may ask later.
			void transformer.sendKeyFrameRequest().catch(() => {});
}

async function handle(message: ToMedia): Promise<void> {
	switch (message.type) {
		case 'epoch':
			return onEpoch(message);
		case 'use':
			sending = epochs.get(message.generation);
			return;
		case 'hold':
			sending = undefined;
			holds++;
			return;
		case 'forget':
			keyring.forget(message.generation);
			if (sending === epochs.get(message.generation)) sending = undefined;
			epochs.delete(message.generation);
			return;
		case 'recorder':
			fork.connect(message.port, counts);
			return;
		case 'fork':
			fork.set(message);
			return;
		case 'without-pictures':
			quiet = new Set(message.links);
			return;
		case 'key-frame':
			return requestKeyFrames(message.link);
		case 'counts':
			return;
	}
}

async function answer(message: ToMedia): Promise<void> {
	try {
		await handle(message);
	} finally {
		// Also where it failed: whoever waits for it would wait for ever.
		const done = { type: 'done', id: message.id, at: absolute() } as const;
		post(message.type === 'counts' ? { ...done, counts: { ...counts } } : done);
	}
}

self.addEventListener('message', (event: MessageEvent<ToMedia>) => {
	const message = event.data;
	// `hold` and `use` act in this very turn, so that no frame slips in between the click and the silence.
	void answer(message);
});

self.addEventListener('rtctransform', (event) => {
	const { transformer } = event;
	const options: TransformOptions = transformer.options;
	if (options.direction === 'open') openers.set(transformer, options);
	const even = new EvenPackets();
	const stream = new TransformStream<Frame, Frame>({
		transform: (frame, out) =>
			options.direction === 'seal'
				? sealFrame(frame, out, options, even)
				: openFrame(frame, out, options),
	});
	transformer.readable
		.pipeThrough(stream)
		.pipeTo(transformer.writable)
		// The connection was closed: nothing more comes.
		.catch(() => {})
		.finally(() => openers.delete(transformer));
});
