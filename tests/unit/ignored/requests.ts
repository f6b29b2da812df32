import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/requests.json. */
export const requests: Reasons = {
	'names a choice or a file of a copy': [
		'requests_copy_whole',
		'requests_copy_part',
		'requests_seal_recipient',
		'requests_recipient',
		'requests_copy_consents',
		'requests_copy_notice',
		'requests_copy_manifest',
		'requests_copy_history',
	],
	'says what to do, or what is being done': [
		'requests_copy_leave',
		'requests_copy_busy',
		'requests_copy_changed',
		'requests_copy_bad_recipient',
	],
	'promises less than anybody would expect: what was exported is out of reach': [
		'requests_copy_away',
	],
};
