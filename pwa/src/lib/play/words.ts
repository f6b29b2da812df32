import { m } from '#lib/paraglide/messages.js';
import type { PersonTrouble } from './player.svelte.ts';

/** What stands in a person's tile when there is nothing to see. */
export const troubleWords: Record<PersonTrouble, () => string> = {
	altered: m.play_tile_altered,
	gone: m.play_tile_gone,
	unreachable: m.play_tile_unreachable,
	'no-key': m.play_tile_no_key,
};
