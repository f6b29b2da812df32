import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { type Sample, loudness, qualityOf, sampleOf } from './quality.ts';
import type { Quality } from './view.ts';

const periodMs = 400;
/** Quality is of this long: a single lost packet is no weak line. */
const windowMs = 5000;
/** Louder than this is speech, out of 1. */
const speech = 0.012;
/** Whoever paused for breath still speaks, milliseconds. */
const breathMs = 1500;

interface Parts {
	/** Everybody else with a connection that stands. */
	readonly keys: () => readonly string[];
	readonly stats: (key: string) => Promise<RTCStatsReport | undefined>;
}

/** Listens to the connections: who speaks, and how well each of them carries. */
export class Meter {
	/** Who speaks now. */
	readonly talking = new SvelteSet<string>();
	readonly quality = new SvelteMap<string, Quality>();
	/** Who spoke last, and stays so until somebody else does. */
	speaker = $state<string | null>(null);
	readonly #samples = new Map<string, Sample[]>();
	readonly #spoke = new Map<string, number>();
	readonly #parts: Parts;
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** Listens until the answer is called. */
	start(): () => void {
		const look = async (): Promise<void> => {
			await this.#look();
			if (this.#timer !== undefined) this.#timer = setTimeout(() => void look(), periodMs);
		};
		this.#timer = setTimeout(() => void look(), periodMs);
		return () => this.stop();
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}

	async #look(): Promise<void> {
		const keys = this.#parts.keys();
		for (const key of this.#samples.keys()) if (!keys.includes(key)) this.#forget(key);
		let loudest = 0;
		for (const key of keys) {
			const report = await this.#parts.stats(key);
			if (!report) continue;
			const loud = this.#take(key, sampleOf(report.entries(), performance.now()));
			if (loud > Math.max(speech, loudest)) {
				loudest = loud;
				this.speaker = key;
			}
		}
	}

	/** Keeps a sample; gives how loud it was since the one before. */
	#take(key: string, sample: Sample): number {
		const samples = (this.#samples.get(key) ?? []).filter((one) => sample.at - one.at < windowMs);
		const [last, first] = [samples.at(-1), samples[0]];
		this.#samples.set(key, [...samples, sample]);
		if (!last || !first) return 0;
		const loud = loudness(last, sample);
		if (loud > speech) this.#spoke.set(key, sample.at);
		if (sample.at - (this.#spoke.get(key) ?? -breathMs) < breathMs) this.talking.add(key);
		else this.talking.delete(key);
		const quality = qualityOf(first, sample);
		if (this.quality.get(key) !== quality) this.quality.set(key, quality);
		return loud;
	}

	#forget(key: string): void {
		for (const one of [this.#samples, this.#spoke, this.quality, this.talking]) one.delete(key);
		if (this.speaker === key) this.speaker = null;
	}
}
