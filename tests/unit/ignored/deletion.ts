import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/deletion.json. */
export const deletion: Reasons = {
	'the name of a control, a heading or a state that a claim beside it explains': [
		'deletion_receipt',
		'deletion_left_nothing',
	],
	'what was done, as the history tells it': ['deletion_began', 'deletion_by'],
};
