import { type Span, joined, without } from './timeline.ts';

/** How loud one person is, step by step from the start of that person's own media. */
export interface Levels {
	readonly stepMs: number;
	/** 0 = -60 dB of full scale or less, 255 = full scale; root mean square of each step. */
	readonly values: Uint8Array;
}

const floorDb = -60;
/** Speech stands out from what is always there by so much. */
const aboveNoiseDb = 10;
/** What is louder than this is heard in any case, what is softer than the other never. */
const surelyDb = -30;
const neverDb = -50;
/** Breaths within a sentence. */
const pauseMs = 600;
/** A click is nobody speaking. */
const shortestMs = 150;
/** Left standing at both ends of a silence, so that no first syllable is lost. */
const marginMs = 300;
/** A silence that is not worth a jump. */
const silenceMs = 2_000;

/** The level of a root mean square between 0 and 1. */
export function levelOf(rms: number): number {
	const db = 20 * Math.log10(Math.max(rms, 1e-6));
	return levelOfDb(db);
}

function levelOfDb(db: number): number {
	return Math.round(Math.min(1, Math.max(0, 1 - db / floorDb)) * 255);
}

/** Takes decoded sound as it comes and keeps a level for each step. */
export class Meter {
	readonly stepMs: number;
	readonly #squares: Float64Array;
	readonly #counts: Float64Array;

	constructor(options: { stepMs: number; durationMs: number }) {
		const { stepMs, durationMs } = options;
		const steps = Math.max(1, Math.ceil(durationMs / stepMs));
		this.stepMs = stepMs;
		this.#squares = new Float64Array(steps);
		this.#counts = new Float64Array(steps);
	}

	/** Samples of one channel between -1 and 1, the first at `atMs`. What lies outside the media is left out. */
	push(samples: Float32Array, options: { atMs: number; sampleRate: number }): void {
		const { atMs, sampleRate } = options;
		const perStep = (this.stepMs * sampleRate) / 1000;
		const first = (atMs * sampleRate) / 1000;
		for (let at = 0; at < samples.length; at++) {
			const step = Math.floor((first + at) / perStep);
			if (step < 0 || step >= this.#squares.length) continue;
			const sample = samples[at] ?? 0;
			this.#squares[step] = (this.#squares[step] ?? 0) + sample * sample;
			this.#counts[step] = (this.#counts[step] ?? 0) + 1;
		}
	}

	levels(): Levels {
		const values = Uint8Array.from(this.#squares, (sum, step) => {
			const count = this.#counts[step] ?? 0;
			return count === 0 ? 0 : levelOf(Math.sqrt(sum / count));
		});
		return { stepMs: this.stepMs, values };
	}
}

/** What separates speech from a room, for this person: ten decibels above what is heard a fifth of the time. */
function threshold(values: Uint8Array): number {
	const sorted = values.toSorted();
	const noise = sorted[Math.floor(sorted.length / 5)] ?? 0;
	const above = noise + levelOfDb(floorDb + aboveNoiseDb);
	return Math.min(Math.max(above, levelOfDb(neverDb)), levelOfDb(surelyDb));
}

/** When this person speaks, on the clock of the recording; breaths are part of it. */
export function speechOf(levels: Levels, startMs: number): Span[] {
	const { stepMs, values } = levels;
	const least = threshold(values);
	const loud: Span[] = [];
	for (const [step, value] of values.entries()) {
		if (value <= least) continue;
		const from = startMs + step * stepMs;
		loud.push({ from, to: from + stepMs + pauseMs });
	}
	return joined(loud)
		.map(({ from, to }) => ({ from, to: to - pauseMs }))
		.filter(({ from, to }) => to - from >= shortestMs);
}

/** Silences of everybody together that are long enough to be jumped over. `speech` is that of those who are heard. */
export function silencesOf(speech: readonly (readonly Span[])[], durationMs: number): Span[] {
	const heard = joined(
		speech.flat().map(({ from, to }) => ({ from: from - marginMs, to: to + marginMs })),
	);
	// Where nobody ever speaks there is nothing to jump to.
	if (heard.length === 0) return [];
	return without({ from: 0, to: durationMs }, heard).filter(
		({ from, to }) => to - from >= silenceMs,
	);
}

/** How much of it, in all, milliseconds. */
export function lengthOf(spans: readonly Span[]): number {
	return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The loudest of each of `count` columns, from 0 to 1: for drawing. */
export function columnsOf({ values }: Levels, count: number): number[] {
	const columns = Math.min(count, values.length);
	return Array.from({ length: columns }, (_, column) => {
		const from = Math.floor((column * values.length) / columns);
		const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
		return values.subarray(from, to).reduce((most, value) => Math.max(most, value), 0) / 255;
	});
}
