import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/find.json. */
export const find: Reasons = {
	'the name of a control or a state, or how many there are': [
		'find_state_recording',
		'find_state_asked',
		'find_none',
		'find_count',
	],
};
