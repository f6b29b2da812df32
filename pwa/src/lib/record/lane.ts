import { SourceClock } from './clock.ts';
import type { Missing } from './messages.ts';
import type { Codec, Packet } from './webm.ts';

/** A frame that was opened. */
export interface OpenFrame {
	readonly src: string;
	readonly rtp: number;
	readonly ref: number;
	readonly key: boolean;
	readonly codec: Codec;
	readonly width: number;
	readonly height: number;
	readonly data: Uint8Array;
}

/** What is to be written, in order. Every `begin` is followed by packets; a part that is still open goes on. */
export type LaneOutput =
	| {
			readonly type: 'begin';
			readonly codec: Codec;
			readonly width: number;
			readonly height: number;
	  }
	| { readonly type: 'packets'; readonly packets: Packet[] }
	| { readonly type: 'end' };

export type Gap = Pick<Missing, 'from' | 'to' | 'why'>;

/** At the start of a part frames are kept this long, so that the clock has seen more than one. */
const settleMs = 1000;
/** Sound is put in order within this long: packets may overtake each other on the network. */
const reorderMs = 60;

interface Held {
	readonly rtpMs: number;
	readonly clock: SourceClock;
	readonly frame: OpenFrame;
}

/** The sound or the picture of one person: from frames as they come to packets in order of time, in parts. */
export class Lane {
	/** Stretches without media, in milliseconds of the recording. */
	readonly gaps: Gap[] = [];
	readonly #kind: 'audio' | 'video';
	readonly #zeroMs: number;
	readonly #clocks = new Map<string, SourceClock>();
	#outputs: LaneOutput[] = [];
	#held: Held[] = [];
	#part: { src: string; bornMs: number; lastRtpMs: number } | undefined;
	#codec: Codec | undefined;
	#lastMs = -1;
	#gap: { fromMs: number; why: Missing['why'] } | undefined;
	#needsKey = false;
	#roll = false;

	constructor(options: { kind: 'audio' | 'video'; zeroMs: number }) {
		this.#kind = options.kind;
		this.#zeroMs = options.zeroMs;
		this.#needsKey = options.kind === 'video';
	}

	/** Whether frames come in and are thrown away until a key frame comes. */
	get needsKey(): boolean {
		return this.#needsKey;
	}

	/** Time of the last packet, in milliseconds of the recording; -1 before the first. */
	get lastMs(): number {
		return this.#lastMs;
	}

	/** A frame in the order of arrival. */
	push(frame: OpenFrame): void {
		if (frame.ref < this.#zeroMs && this.#kind === 'audio') return;
		this.#codec ??= frame.codec;
		if (frame.codec !== this.#codec) {
			this.interrupt('codec');
			return;
		}
		if (this.#part && this.#part.src !== frame.src) {
			// A stream that is no longer fed must not end the part of the one that is: pictures change at a key frame only.
			if (this.#kind === 'video' && !frame.key) return;
			this.close();
		}
		if (this.#roll && frame.key && this.#part) this.close();
		if (this.#needsKey && !frame.key) return;
		this.#needsKey = false;
		const clock = this.#clock(frame.src);
		const rtpMs = clock.take(frame);
		if (!this.#part) this.#begin(frame, rtpMs);
		this.#held.push({ rtpMs, clock, frame });
		this.#release(frame.ref);
	}

	/** Something is missing from here on; a picture waits for the next key frame. */
	interrupt(why: Missing['why'], src?: string): void {
		if (src !== undefined && this.#part && this.#part.src !== src) return;
		if (!this.#part) return;
		this.#release(Infinity);
		this.#gap ??= { fromMs: Math.max(0, this.#lastMs), why };
		this.#needsKey = this.#kind === 'video';
	}

	/** Begins another part at the next frame where one can begin. */
	roll(): void {
		this.#roll = this.#part !== undefined;
	}

	/** Ends the part: a pause, another stream, the end. The next one begins with a key frame. A gap ends at `atMs`, if given. */
	close(atMs?: number): void {
		if (!this.#part) return;
		this.#release(Infinity);
		if (this.#gap && atMs !== undefined) {
			const to = Math.max(this.#gap.fromMs, Math.round(atMs - this.#zeroMs));
			this.gaps.push({ from: this.#gap.fromMs, to, why: this.#gap.why });
			this.#gap = undefined;
		}
		this.#part = undefined;
		this.#roll = false;
		this.#needsKey = this.#kind === 'video';
		this.#outputs.push({ type: 'end' });
	}

	/** What is to be written now. `nowMs` is the time of this device, as `ref`. */
	take(nowMs: number): LaneOutput[] {
		this.#release(nowMs);
		const outputs = this.#outputs;
		this.#outputs = [];
		return outputs;
	}

	#clock(src: string): SourceClock {
		const known = this.#clocks.get(src);
		if (known) return known;
		const clock = new SourceClock(this.#kind === 'audio' ? 48_000 : 90_000);
		this.#clocks.set(src, clock);
		return clock;
	}

	#begin(frame: OpenFrame, rtpMs: number): void {
		const { src, ref, codec, width, height } = frame;
		this.#part = { src, bornMs: ref, lastRtpMs: rtpMs - 1 };
		this.#outputs.push({ type: 'begin', codec, width, height });
	}

	/** Gives out what need not wait any longer at `nowMs`. */
	#release(nowMs: number): void {
		const part = this.#part;
		if (!part || nowMs - part.bornMs < settleMs) return;
		if (this.#kind === 'audio') this.#held.sort((a, b) => a.rtpMs - b.rtpMs);
		const newest = this.#held.at(-1);
		if (!newest) return;
		const waits = this.#kind === 'audio' && nowMs < newest.frame.ref + settleMs;
		const before = waits ? newest.rtpMs - reorderMs : Infinity;
		const packets: Packet[] = [];
		while (this.#held[0] && this.#held[0].rtpMs <= before) {
			const held = this.#held.shift();
			const packet = held && this.#packet(held, part);
			if (packet) packets.push(packet);
		}
		if (packets.length === 0) return;
		// One segment a second, whatever the steps in which frames come.
		const last = this.#outputs.at(-1);
		if (last?.type === 'packets') last.packets.push(...packets);
		else this.#outputs.push({ type: 'packets', packets });
	}

	#packet({ rtpMs, clock, frame }: Held, part: { lastRtpMs: number }): Packet | undefined {
		// Overtaken by more than could be waited for, or sent twice.
		if (rtpMs <= part.lastRtpMs) return undefined;
		part.lastRtpMs = rtpMs;
		const exact = Math.round(clock.absolute(rtpMs) - this.#zeroMs);
		const timeMs = Math.max(exact, this.#lastMs + 1, 0);
		this.#lastMs = timeMs;
		if (this.#gap) {
			this.gaps.push({ from: this.#gap.fromMs, to: timeMs, why: this.#gap.why });
			this.#gap = undefined;
		}
		return { track: 1, timeMs, key: frame.key, data: frame.data };
	}
}
