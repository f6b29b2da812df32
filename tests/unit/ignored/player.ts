import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/player.json. */
export const player: Reasons = {
	'what a key or a button of the player does, or what a mark is about': [
		'player_key_help',
		'player_keys_single',
		'player_keys_title',
		'player_mark_consent',
		'player_captions_long',
	],
	'that something is going on': ['player_notes_opening'],
};
