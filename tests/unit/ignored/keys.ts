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
