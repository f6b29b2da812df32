import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/keys.json. */
export const keys: Reasons = {
	'the name of a control or a heading, or that something was done': [
		'keys_lead',
		'keys_ways',
		'keys_recovery',
		'keys_recovery_new',
		'keys_recovery_done',
		'keys_passkey_added',
		'keys_devices',
		'keys_device_done',
		'keys_loading',
		'keys_told_ready',
		'keys_new',
		'keys_new_begin',
		'keys_new_make',
		'keys_new_making',
		'keys_new_busy',
		'keys_new_in_use',
		'keys_new_waiting',
		'keys_regive',
		'keys_regive_left',
		'keys_regive_planned',
		'keys_regive_recordings',
		'keys_regive_unreadable',
		'keys_act_rotated',
	],
	'what a passkey is, and advice': [
		'keys_passkey_text',
		'keys_passkey_useless',
		'keys_passkey_removed',
		'keys_passkeys_unknown',
		'keys_refused_next',
		'keys_no_prf',
		'keys_unknown',
	],
};
