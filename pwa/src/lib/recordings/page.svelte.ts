import { owesReason, tellReason } from '#lib/access/reasons.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { address } from '#lib/net/origin.ts';
import { MediaHolder, mediaReady } from '#lib/play/holder.ts';
import { Player } from '#lib/play/player.svelte.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { Beside } from './beside.svelte.ts';
import { type Outline, outlineOf } from './outline.ts';
import {
	type Opened,
	deleteRecording,
	fetchHistory,
	fetchRecording,
	openRecording,
	tellOpened,
} from './store.ts';

/** `preparing`: the service worker is taking this page over; `none`: this browser has none. */
export type MediaState = 'preparing' | 'ready' | 'none';

/** One recording as a page shows it. */
export class RecordingPage {
	readonly id: string;
	opened = $state.raw<Opened>();
	outline = $state.raw<Outline>();
	player = $state.raw<Player>();
	beside = $state.raw<Beside>();
	media = $state<MediaState>('preparing');
	history = $state.raw<readonly HistoryRow[]>([]);
	failure = $state.raw<unknown>();
	deleted = $state(false);
	/** It is somebody else's, and is opened once this member said why. */
	owes = $state(false);
	#explained = false;
	#holder: MediaHolder | undefined;
	readonly #end = new AbortController();

	constructor(id: string) {
		this.id = id;
	}

	/** Opens everything; again after it was recovered. */
	async load(): Promise<void> {
		this.failure = undefined;
		try {
			const recording = await fetchRecording(this.id);
			if (recording.state === 'deleted') return this.#gone();
			this.owes = owesReason(recording) && !this.#explained;
			if (this.owes) return;
			this.opened = await openRecording(recording, this.#end.signal);
			if (recording.state === 'finished') await this.#makePlayer(this.opened);
			this.history = await fetchHistory(recording);
		} catch (error) {
			if (this.#end.signal.aborted) return;
			if (isApiError(error, 'gone')) this.#gone();
			else this.failure = error;
		}
	}

	/** Says why it is opened, and opens it. Throws as `tellReason`. */
	async explain(reason: string): Promise<void> {
		await tellReason(await fetchRecording(this.id), reason);
		this.#explained = true;
		await this.load();
	}

	/** Reads again what was done with it, after something was. Never throws: see `failure`. */
	async lookBack(): Promise<void> {
		if (!this.opened) return;
		try {
			this.history = await fetchHistory(this.opened.recording);
		} catch (error) {
			if (!this.#end.signal.aborted) this.failure = error;
		}
	}

	/** Deletes it everywhere that the server reaches. Throws `ApiError`. */
	async remove(): Promise<void> {
		await deleteRecording(this.id);
		this.#gone();
	}

	/** Drops the keys, here and in the service worker. */
	close(): void {
		this.#end.abort();
		this.#drop();
	}

	#drop(): void {
		this.beside?.close();
		this.player?.close();
		this.#holder?.close();
		this.beside = undefined;
		this.player = undefined;
		this.#holder = undefined;
	}

	#gone(): void {
		this.#drop();
		this.opened = undefined;
		this.outline = undefined;
		this.deleted = true;
	}

	async #makePlayer(opened: Opened): Promise<void> {
		const { manifest, recording, keys } = opened;
		const container = navigator.serviceWorker;
		const outline = outlineOf(manifest);
		this.outline = outline;
		this.media = container && (await mediaReady(container)) ? 'ready' : 'none';
		if (this.media === 'none' || this.#end.signal.aborted) return;
		const byTrack = new Map<string, string>();
		const holder = new MediaHolder({
			container,
			token: () => account.token(),
			onTrouble: ({ track, trouble }) => {
				const person = byTrack.get(track);
				if (person !== undefined) this.player?.refuse(person, trouble);
			},
			onHeld: ({ track }, held) => {
				const person = byTrack.get(track);
				if (person !== undefined) this.player?.hold(person, held);
			},
		});
		const people = outline.people.map(({ id, name, startMs, durationMs, media }) => {
			const person = { id, name, startMs, durationMs };
			const key = media && keys.get(media.track);
			if (!media || !key) return { ...person, src: undefined };
			byTrack.set(media.track, person.id);
			const url = address(`/api/recordings/${recording.id}/objects/${media.track}/${media.part}`);
			const offer = { key, url, part: media.part, partBytes: media.bytes };
			return {
				...person,
				src: holder.offer({ recording: recording.id, track: media.track }, offer),
			};
		});
		this.#drop();
		this.#holder = holder;
		const player = new Player({ people, durationMs: outline.durationMs, gaps: outline.gaps });
		const beside = new Beside({ opened, outline, player });
		this.player = player;
		this.beside = beside;
		void beside.load();
		if (!this.#explained) await tellOpened(recording.id);
	}
}
