import { MediaHolder, mediaReady } from '#lib/play/holder.ts';
import { Player } from '#lib/play/player.svelte.ts';
import type { OpenedShare, ShareVisit } from './visit.ts';

/** What a recipient watches, until `close` drops its keys. */
export interface Shown {
	readonly player: Player;
	readonly close: () => void;
}

/**
 * Makes an opened share playable through the service worker; undefined where the browser has none. `onGone`: the server
 * gives nothing out any more; `onStranger`: it does not know this page any more.
 */
export async function showShare(options: {
	visit: ShareVisit;
	opened: OpenedShare;
	onGone: () => void;
	onStranger: () => void;
}): Promise<Shown | undefined> {
	const { visit, opened, onGone, onStranger } = options;
	const container = navigator.serviceWorker;
	if (!container || !(await mediaReady(container))) return undefined;
	const byTrack = new Map<string, string>();
	let player: Player | undefined;
	const holder = new MediaHolder({
		container,
		token: () => visit.token(),
		onTrouble: ({ track, trouble }) => {
			const person = byTrack.get(track);
			if (person !== undefined) player?.refuse(person, trouble);
			if (trouble === 'gone') onGone();
			if (trouble === 'no-key') onStranger();
		},
		onHeld: ({ track }, held) => {
			const person = byTrack.get(track);
			if (person !== undefined) player?.hold(person, held);
		},
	});
	const people = opened.people.map(({ media, ...person }) => {
		if (!media) return { ...person, src: undefined };
		byTrack.set(media.track, person.id);
		const name = { recording: opened.recording, track: media.track };
		return { ...person, src: holder.offer(name, media.offer) };
	});
	player = new Player({ people, durationMs: opened.durationMs, gaps: opened.gaps });
	return {
		player,
		close: () => {
			player.close();
			holder.close();
		},
	};
}
