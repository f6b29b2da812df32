import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { Aids, type Mark } from '#lib/play/aids.svelte.ts';
import { CaptionsError } from '#lib/play/captionserror.ts';
import type { Levels } from '#lib/play/levels.ts';
import type { Player } from '#lib/play/player.svelte.ts';
import { type Cue, parseVtt } from '#lib/play/vtt.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { readAnnotation, writeAnnotation } from './annotations.ts';
import {
	Captions,
	Notes,
	WaveformBody,
	captionsOf,
	cuesOf,
	fits,
	levelsOf,
	waveformOf,
} from './beside.ts';
import { Notebook } from './notebook.svelte.ts';
import type { Shelf } from './notes.ts';
import type { Outline } from './outline.ts';
import { readShelf } from './shelf.ts';
import type { Opened } from './store.ts';
import { consentMarks } from './marks.ts';

/** What stands beside a recording and is sealed like it: notes, captions and who speaks when. */
export class Beside {
	readonly aids: Aids;
	readonly notebook: Notebook;
	readonly #place: { recording: string; keys: Opened['keys'] };
	/** Person of each track. */
	readonly #people: ReadonlyMap<string, string>;
	readonly #startedAt: number;
	#captionsVersion = 0;

	constructor(options: { opened: Opened; outline: Outline; player: Player }) {
		const { opened, outline, player } = options;
		this.#place = { recording: opened.recording.id, keys: opened.keys };
		this.#startedAt = opened.manifest.startedAt;
		this.#people = new Map(
			outline.people.flatMap(({ id, media }): [string, string][] =>
				media ? [[media.track, id]] : [],
			),
		);
		const bytes = outline.people.reduce((sum, { media }) => sum + (media?.bytes ?? 0), 0);
		this.aids = new Aids(player, { bytes });
		const { id } = opened.recording;
		this.notebook = new Notebook(this.#notes(), async () => {
			const known = (await readShelf()).get(id);
			return known?.notes.seen ?? 0;
		});
	}

	#notes(): Shelf {
		return {
			read: async () => {
				const kept = await readAnnotation({ ...this.#place, kind: 'notes', schema: Notes });
				if (!kept) return { version: 0, author: undefined, at: undefined, items: [] };
				const { version, author, at, body } = kept;
				return { version, author, at, items: body.items };
			},
			write: async (before, items) => {
				const body: Notes = { v: 1, items: [...items] };
				if (!fits(body)) throw new CryptoError('too-large');
				await writeAnnotation({ ...this.#place, kind: 'notes', before, body });
			},
		};
	}

	/** Places to go to: chapters and notes, and what people said about being recorded while it ran. */
	marks(history: readonly HistoryRow[], words: Parameters<typeof consentMarks>[1]): Mark[] {
		const { durationMs } = this.aids.player;
		return [
			...this.notebook.items.map(({ id, kind, atMs, text }) => ({ id, kind, atMs, text })),
			...consentMarks({ history, startedAt: this.#startedAt, durationMs }, words),
		].filter(({ atMs }) => atMs <= durationMs);
	}

	/** The captions as they are kept; undefined where there are none. */
	get captions(): Captions | undefined {
		const { cues } = this.aids;
		return cues.length > 0 ? captionsOf(cues) : undefined;
	}

	/** Who speaks when, as it is kept; undefined while it is not known of everybody. */
	get waveform(): WaveformBody | undefined {
		const byTrack = this.#byTrack(this.aids.levels);
		return byTrack.size === this.#people.size ? waveformOf(byTrack) : undefined;
	}

	/** Opens what was kept; reads the sound where nothing was and it is quickly done. */
	async load(): Promise<void> {
		// The server keeps none for a participant.
		if (account.member.role === 'participant-only') return this.aids.readUnasked();
		await Promise.all([this.notebook.load(), this.#loadCaptions(), this.#loadWaveform()]);
	}

	/** Takes a WebVTT file as the captions. Throws `CaptionsError`, `ApiError`. */
	async importCaptions(file: File): Promise<void> {
		await this.#keepCaptions(parseVtt(await file.text()));
	}

	/** Takes the captions away for everybody. Throws `ApiError`. */
	async removeCaptions(): Promise<void> {
		await this.#keepCaptions([]);
	}

	close(): void {
		this.aids.close();
	}

	async #keepCaptions(cues: readonly Cue[]): Promise<void> {
		const body = captionsOf(cues);
		if (!fits(body)) throw new CaptionsError('too-long');
		const before = this.#captionsVersion;
		await writeAnnotation({ ...this.#place, kind: 'captions', before, body });
		this.#captionsVersion = before + 1;
		this.aids.cues = cues;
	}

	async #loadCaptions(): Promise<void> {
		const opened = await this.#opened('captions', Captions);
		if (!opened) return;
		this.#captionsVersion = opened.version;
		this.aids.cues = cuesOf(opened.body);
	}

	async #loadWaveform(): Promise<void> {
		const opened = await this.#opened('waveform', WaveformBody);
		const levels: Record<string, Levels> = {};
		for (const [track, one] of opened ? levelsOf(opened.body) : []) {
			const person = this.#people.get(track);
			if (person !== undefined) levels[person] = one;
		}
		// Of tracks that were replaced since, nothing is known.
		const whole = [...this.#people.values()].every((person) => levels[person] !== undefined);
		if (whole) this.aids.levels = levels;
		this.aids.onread = (read) => this.#keepWaveform(opened?.version ?? 0, read);
		this.aids.readUnasked();
	}

	async #keepWaveform(before: number, levels: Readonly<Record<string, Levels>>): Promise<void> {
		const body = waveformOf(this.#byTrack(levels));
		if (!fits(body)) return;
		try {
			await writeAnnotation({ ...this.#place, kind: 'waveform', before, body });
		} catch (error) {
			// It is only a help: whoever was first has kept the same, and without a connection it is read again.
			if (!isApiError(error)) throw error;
		}
	}

	#byTrack(levels: Readonly<Record<string, Levels>>): Map<string, Levels> {
		const byTrack = new Map<string, Levels>();
		for (const [track, person] of this.#people) {
			const one = levels[person];
			if (one) byTrack.set(track, one);
		}
		return byTrack;
	}

	/** What cannot be opened here is as if it were not there: the recording itself plays all the same. */
	async #opened<S extends typeof Captions | typeof WaveformBody>(
		kind: 'captions' | 'waveform',
		schema: S,
	) {
		try {
			return await readAnnotation({ ...this.#place, kind, schema });
		} catch (error) {
			if (isApiError(error) || error instanceof CryptoError) return undefined;
			throw error;
		}
	}
}
