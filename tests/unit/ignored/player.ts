import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/player.json. */
export const player: Reasons = {
	'what a key or a button of the player does, or what a mark is about': [
		'player_key_help',
		'player_key_parts',
		'player_keys_single',
		'player_keys_title',
		'player_mark_consent',
		'player_captions_long',
	],
	'that something is going on': ['player_notes_opening', 'player_copy_stay'],
	'a name of a list, a field or a button': [
		'player_copies',
		'player_copies_open_link',
		'player_copies_passphrase',
		'player_copies_unlock',
		'player_copy_keep',
		'player_copy_kept_on',
		'player_copy_open',
		'player_copy_open_name',
		'player_copy_start',
		'player_passphrase',
		'player_passphrase_change',
		'player_passphrase_choose',
		'player_copies_take_passkey',
	],
	'what is here, or is not': [
		'player_copies_empty',
		'player_copies_none',
		'player_copies_wrong',
		'player_copy_full',
		'player_copy_here',
	],
};
