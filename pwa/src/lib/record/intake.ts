import * as v from 'valibot';
import type { Membership, SealedBy } from './membership.ts';
import {
	PortBatch,
	type PortAnswer,
	type PortFrame,
	type PortMark,
	queueItemsMax,
} from './port.ts';

/** What comes out of the port, in order. */
export interface Sink {
	/** A frame that was opened. */
	frame(frame: PortFrame, sealedBy: SealedBy): void;
	/** A frame that this device should have been able to open, or items that did not arrive. `src` null: of any stream. */
	lost(src: string | null, why: 'lost' | 'overflow'): void;
	mark(mark: PortMark): void;
}

/**
 * Takes the batches of the media worker, opens the frames with the recorder's own keys, and hands everything on in the
 * order in which it was sent. Frames are opened side by side; what is too much is dropped and said.
 */
export class Intake {
	readonly #membership: Membership;
	readonly #sink: Sink;
	#post: (answer: PortAnswer) => void = () => undefined;
	#close: () => void = () => undefined;
	#expected = 0;
	#pending = 0;
	#turn: Promise<unknown> = Promise.resolve();
	/** Frames are opened only while it is true; others are taken and dropped. */
	open = false;

	constructor(options: { membership: Membership; sink: Sink }) {
		this.#membership = options.membership;
		this.#sink = options.sink;
	}

	/** Listens to a port; one that was there before is closed. */
	connect(port: MessagePort): void {
		this.#close();
		this.#expected = 0;
		this.#post = (answer) => port.postMessage(answer);
		this.#close = () => port.close();
		port.addEventListener('message', (event: MessageEvent<unknown>) => {
			this.take(v.parse(PortBatch, event.data));
		});
		port.start();
	}

	/** Asks for a key frame of a stream. */
	askForKeyFrame(src: string): void {
		this.#post({ type: 'key-frame', src });
	}

	/** One batch. */
	take(batch: PortBatch): void {
		for (const item of batch.items) {
			if (item.seq !== this.#expected) this.#inTurn(() => this.#sink.lost(null, 'lost'));
			this.#expected = item.seq + 1;
			if (item.type === 'mark') this.#inTurn(() => this.#mark(item));
			else this.#frame(item);
		}
		const last = batch.items.at(-1);
		if (last) this.#inTurn(() => this.#post({ type: 'taken', seq: last.seq }));
	}

	/** Resolves when everything that was taken so far was handed on. */
	async drained(): Promise<void> {
		await this.#turn;
	}

	#mark(mark: PortMark): void {
		if (mark.mark === 'resume') this.open = true;
		if (mark.mark === 'pause' || mark.mark === 'end') this.open = false;
		this.#sink.mark(mark);
	}

	#frame(frame: PortFrame): void {
		if (this.#pending >= 2 * queueItemsMax) {
			this.#inTurn(() => this.#sink.lost(frame.src, 'overflow'));
			return;
		}
		this.#pending++;
		const { mime, key } = frame;
		const opened = this.#membership
			.open({ mime, key, bytes: new Uint8Array(frame.bytes) })
			.catch((): 'lost' => 'lost');
		this.#inTurn(async () => {
			const result = await opened;
			this.#pending--;
			if (!this.open || result === undefined) return;
			if (result === 'lost') this.#sink.lost(frame.src, 'lost');
			else this.#sink.frame(frame, result);
		});
	}

	#inTurn(act: () => void | Promise<void>): void {
		this.#turn = this.#turn.then(act).catch((error: unknown) => {
			// A mistake of ours must not stop the frames after it, and must not be quiet either.
			queueMicrotask(() => {
				throw error;
			});
		});
	}
}
