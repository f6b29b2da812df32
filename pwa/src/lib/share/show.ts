import { MediaHolder, mediaReady } from '#lib/play/holder.ts';
import { Player } from '#lib/play/player.svelte.ts';
import type { OpenedShare, ShareVisit } from './visit.ts';

/** What a recipient watches, until `close` drops its keys. */
export interface Shown {
	readonly player: Player;
	readonly close: () => void;
}

/** Has the service worker take this page over, which is done sooner than somebody has typed. */
export async function prepareToShow(): Promise<boolean> {
	const container = navigator.serviceWorker;
	return container !== undefined && (await mediaReady(container));
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
	if (!(await prepareToShow())) return undefined;
	const container = navigator.serviceWorker;
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
