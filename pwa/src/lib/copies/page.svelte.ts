import { Aids } from '#lib/play/aids.svelte.ts';
import { MediaHolder, mediaReady } from '#lib/play/holder.ts';
import { Player } from '#lib/play/player.svelte.ts';
import { cuesOf, levelsOf } from '#lib/recordings/beside.ts';
import { type CopyContent, keyOf } from './content.ts';
import { copiesFolder } from './folder.ts';

/** An offline copy as a page plays it: from the sealed bytes of this device, without the server. */
export class CopyPage {
	player = $state.raw<Player>();
	aids = $state.raw<Aids>();
	/** This browser has no service worker that could open it. */
	unplayable = $state(false);
	readonly #recording: string;
	readonly #content: CopyContent;
	#holder: MediaHolder | undefined;
	#closed = false;

	constructor(recording: string, content: CopyContent) {
		this.#recording = recording;
		this.#content = content;
	}

	async load(): Promise<void> {
		const container = navigator.serviceWorker;
		if (!container || !(await mediaReady(container))) {
			this.unplayable = true;
			return;
		}
		if (this.#closed) return;
		const byTrack = new Map<string, string>();
		const personOf = (track: string) => byTrack.get(track) ?? '';
		const holder = new MediaHolder({
			container,
			// The server is not asked.
			token: () => Promise.resolve(''),
			onTrouble: ({ track, trouble }) => this.player?.refuse(personOf(track), trouble),
			onHeld: ({ track }, held) => this.player?.hold(personOf(track), held),
		});
		this.#holder = holder;
		const { durationMs, gaps } = this.#content;
		const people = await Promise.all(
			this.#content.people.map(async ({ id, name, startMs, durationMs: length, media }) => {
				const person = { id, name, startMs, durationMs: length };
				if (!media) return { ...person, src: undefined };
				const { track, part, bytes: partBytes } = media;
				byTrack.set(track, id);
				const offer = { key: await keyOf(media), url: location.origin, part, partBytes };
				const file = { recording: this.#recording, track };
				return { ...person, src: holder.offer(file, { ...offer, kept: copiesFolder }) };
			}),
		);
		if (this.#closed) return;
		const player = new Player({ people, durationMs, gaps });
		this.aids = this.#makeAids(player, byTrack);
		this.player = player;
	}

	close(): void {
		this.#closed = true;
		this.aids?.close();
		this.player?.close();
		this.#holder?.close();
	}

	#makeAids(player: Player, byTrack: ReadonlyMap<string, string>): Aids {
		const { notes, captions, waveform, people } = this.#content;
		const bytes = people.reduce((sum, { media }) => sum + (media?.bytes ?? 0), 0);
		const aids = new Aids(player, { bytes });
		aids.marks = notes.map(({ id, kind, atMs, text }) => ({ id, kind, atMs, text }));
		if (captions) aids.cues = cuesOf(captions);
		const levels = waveform ? [...levelsOf(waveform)] : [];
		aids.levels = Object.fromEntries(
			levels.flatMap(([track, one]) => {
				const person = byTrack.get(track);
				return person === undefined ? [] : [[person, one] as const];
			}),
		);
		aids.readUnasked();
		return aids;
	}
}
