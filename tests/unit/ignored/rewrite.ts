import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/rewrite.json. */
export const rewrite: Reasons = {
	'a heading, a label or a button': [
		'rewrite_title',
		'rewrite_relock',
		'rewrite_relock_title',
		'rewrite_relock_who',
		'rewrite_unfinished',
		'rewrite_destroy',
		'rewrite_destroy_captions',
		'rewrite_destroy_now',
		'rewrite_destroy_keep',
		'rewrite_cut_open',
	],
	'what is being done, or was done, and what that comes to stands in the dialog before it': [
		'rewrite_relock_busy',
		'rewrite_relock_done',
		'rewrite_verify_busy',
		'rewrite_destroy_busy',
		'rewrite_destroy_done',
		'rewrite_said_relock',
		'rewrite_said_destroy',
	],
	'which button to take': ['rewrite_only'],
	'what to do with the tab': ['rewrite_leave'],
	'which times can be given': ['rewrite_cut_bad'],
};
