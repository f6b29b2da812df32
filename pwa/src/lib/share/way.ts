import { m } from '#lib/paraglide/messages.js';
import type { ShareWay } from '#protocol/shares.ts';

/** How the one a recording is shared with gets its key. */
export type Way = ShareWay;

/** What a way is called where one is chosen. */
export const wayWords: Record<Way, () => string> = {
	words: m.share_way_words,
	device: m.share_way_device,
	link: m.share_way_link,
};

/** Who can open a share: the same words wherever one is shown. `checkedName`: her device was compared by voice. */
export function labelOf(way: Way, checkedName?: string): string {
	if (way === 'words') return m.share_label_words();
	if (way === 'link') return m.share_label_link();
	return checkedName === undefined
		? m.share_label_device()
		: m.share_label_checked({ name: checkedName });
}

/** Why nothing opens for whoever came with a link. `gone`: the server knows nothing of it. */
export type Why =
	| 'gone'
	| 'expired'
	| 'ended'
	| 'locked'
	| 'exposed'
	| 'refused'
	| 'taken'
	| 'no-secret'
	| 'old-browser';
