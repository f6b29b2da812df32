import { Frames } from './frames.ts';
import { type Levels, silencesOf, speechOf } from './levels.ts';
import { MediaReadError } from './mediaerror.ts';
import type { Player } from './player.svelte.ts';
import { readLevels, stepMsOf } from './sound.ts';
import type { Span } from './timeline.ts';
import { type Cue, cuesAt } from './vtt.ts';

/** A place that somebody may want to go to. */
export interface Mark {
	readonly id: string;
	readonly atMs: number;
	readonly kind: 'chapter' | 'note' | 'consent';
	readonly text: string;
}

/** So much is read without a word when a recording is opened; more only when somebody wants it. */
const unaskedBytes = 32 << 20;

/** `waiting`: nobody has asked for it yet. */
export type Reading = 'waiting' | 'running' | 'done' | 'failed';

/** What helps to find one's way in a recording, beside the player. */
export class Aids {
	readonly player: Player;
	readonly frames: Frames;
	/** Length of all sealed media, where it is known. */
	readonly bytes: number | undefined;
	/** How loud each person is, by id. */
	levels = $state.raw<Readonly<Record<string, Levels>>>({});
	reading = $state<Reading>('waiting');
	/** How much of the sound was read, from 0 to 1. */
	share = $state(0);
	skipsSilence = $state(false);
	cues = $state.raw<readonly Cue[]>([]);
	showsCaptions = $state(true);
	marks = $state.raw<readonly Mark[]>([]);
	/** Keeps what was read, so that it is there at once the next time. */
	onread: ((levels: Readonly<Record<string, Levels>>) => Promise<void>) | undefined;
	/** When each person speaks, by id. */
	readonly speech: Readonly<Record<string, readonly Span[]>> = $derived.by(() =>
		Object.fromEntries(
			this.player.people.flatMap(({ id, startMs }): [string, Span[]][] => {
				const levels = this.levels[id];
				return levels ? [[id, speechOf(levels, startMs)]] : [];
			}),
		),
	);
	/** Times in which nobody who is heard speaks; none while that is not known of everybody. */
	readonly silences: readonly Span[] = $derived.by(() => {
		const { people, muted, durationMs } = this.player;
		const heard = people.filter(({ id, src }) => src !== undefined && !muted.has(id));
		if (heard.some(({ id }) => this.speech[id] === undefined)) return [];
		return silencesOf(
			heard.map(({ id }) => this.speech[id] ?? []),
			durationMs,
		);
	});
	/** What is to be read at the present place. */
	readonly shown: readonly Cue[] = $derived.by(() =>
		this.showsCaptions ? cuesAt(this.cues, this.player.positionMs) : [],
	);
	#run: AbortController | undefined;

	constructor(player: Player, options: { bytes?: number } = {}) {
		this.player = player;
		this.frames = new Frames(player);
		this.bytes = options.bytes;
		player.quiet = () => (this.skipsSilence ? this.silences : []);
	}

	/** Whether it is known of somebody when she speaks. */
	get known(): boolean {
		return Object.keys(this.levels).length > 0;
	}

	/** Reads the sound when that is little work and nobody did it before. */
	readUnasked(): void {
		if (!this.known && this.bytes !== undefined && this.bytes <= unaskedBytes) void this.read();
	}

	/** Reads the sound of everybody, once; never throws: `reading` says how it ended. */
	async read(): Promise<void> {
		if (this.#run) return;
		const run = new AbortController();
		this.#run = run;
		this.reading = 'running';
		this.share = 0;
		const failed = await this.#readAll(run.signal);
		this.#run = undefined;
		if (run.signal.aborted) this.reading = 'waiting';
		else this.reading = failed > 0 ? 'failed' : 'done';
		if (failed === 0 && !run.signal.aborted) await this.onread?.(this.levels);
	}

	cancel(): void {
		this.#run?.abort();
	}

	close(): void {
		this.cancel();
		this.frames.close();
		this.player.quiet = () => [];
	}

	/** Gives how many people could not be read. */
	async #readAll(signal: AbortSignal): Promise<number> {
		const people = this.player.people.filter(({ src }) => src !== undefined);
		const stepMs = stepMsOf(this.player.durationMs, people.length);
		let failed = 0;
		for (const [at, { id, src = '', durationMs }] of people.entries()) {
			const onShare = (share: number) => (this.share = (at + share) / people.length);
			try {
				const levels = await readLevels({ src, durationMs, stepMs }, { signal, onShare });
				this.levels = { ...this.levels, [id]: levels };
			} catch (error) {
				if (signal.aborted) break;
				if (!(error instanceof MediaReadError)) throw error;
				failed++;
			}
		}
		return failed;
	}
}
