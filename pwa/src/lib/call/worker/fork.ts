import type { PortAnswer, PortBatch, PortFrame, PortMark } from '#lib/record/port.ts';
import { queueItemsMax } from '#lib/record/port.ts';
import type { Counts, ToMedia, TransformOptions } from './messages.ts';

/** Frames are handed over this often, milliseconds: one by one they cost twice as much. */
const batchMs = 200;

type Item = PortBatch['items'][number];
type Set = Extract<ToMedia, { type: 'fork' }>;

interface Forked {
	readonly options: TransformOptions;
	readonly own: boolean;
	readonly ref: number;
	readonly meta: RTCEncodedVideoFrameMetadata & RTCEncodedAudioFrameMetadata;
	readonly type: string | undefined;
	readonly bytes: ArrayBuffer;
}

/** Hands sealed frames to the recorder, in order, after they went on their way; never more than it can take. */
export class Fork {
	#port: MessagePort | null = null;
	#counts: Counts | undefined;
	#open = false;
	#own: string | null = null;
	#seq = 0;
	#taken = -1;
	#items: Item[] = [];
	#gap = false;
	#timer: ReturnType<typeof setInterval> | undefined;
	/** Asks for a key frame of what comes over a connection, or of one's own that goes over it. */
	onkeyframe: (source: { own: boolean; link: string }) => void = () => {};

	/** Whether received frames are wanted. */
	get open(): boolean {
		return this.#open && this.#port !== null;
	}

	/** Whether the frames sent over this connection are the ones that stand for this page's own. */
	takesOwn(link: string): boolean {
		return this.open && this.#own === link;
	}

	connect(port: MessagePort | null, counts: Counts): void {
		this.#port?.close();
		clearInterval(this.#timer);
		this.#port = port;
		this.#counts = counts;
		this.#seq = 0;
		this.#taken = -1;
		this.#items = [];
		if (!port) return;
		port.addEventListener('message', (event: MessageEvent<PortAnswer>) => this.#answer(event.data));
		port.start();
		this.#timer = setInterval(() => this.flush(), batchMs);
	}

	/** Opens or closes the fork, and leaves a mark among the frames where it happened. */
	set(message: Set): void {
		const before = this.#own;
		this.#open = message.on;
		this.#own = message.own;
		if (message.mark) this.#mark(message.mark, message.mark === 'switch' ? sourceOf(before) : null);
		this.flush();
	}

	push(forked: Forked): void {
		if (!this.#port) return;
		if (this.#seq - this.#taken > queueItemsMax) {
			// The recorder is behind: what it cannot take is a gap that is said, not a queue that grows.
			this.#gap = true;
			return;
		}
		if (this.#gap) {
			this.#gap = false;
			this.#mark('gap', null);
		}
		const { options, own, ref, meta, type, bytes } = forked;
		const frame: PortFrame = {
			type: 'frame',
			seq: this.#seq++,
			kind: options.kind,
			src: own ? `own ${options.link}` : options.link,
			rtp: meta.rtpTimestamp ?? 0,
			ref,
			key: options.kind === 'audio' || type === 'key',
			mime: meta.mimeType ?? '',
			width: meta.width ?? 0,
			height: meta.height ?? 0,
			bytes,
		};
		this.#items.push(frame);
		if (this.#counts) this.#counts.forked++;
	}

	#mark(mark: PortMark['mark'], src: string | null): void {
		if (!this.#port) return;
		const at = performance.timeOrigin + performance.now();
		this.#items.push({ type: 'mark', seq: this.#seq++, mark, src, at });
	}

	flush(): void {
		if (!this.#port || this.#items.length === 0) return;
		const items = this.#items;
		this.#items = [];
		const buffers = items.flatMap((item) => (item.type === 'frame' ? [item.bytes] : []));
		const batch: PortBatch = { type: 'batch', items };
		this.#port.postMessage(batch, buffers);
	}

	#answer(answer: PortAnswer): void {
		if (answer.type === 'taken') {
			this.#taken = answer.seq;
			return;
		}
		const own = answer.src.startsWith('own ');
		this.onkeyframe({ own, link: own ? answer.src.slice(4) : answer.src });
	}
}

function sourceOf(link: string | null): string | null {
	return link === null ? null : `own ${link}`;
}
