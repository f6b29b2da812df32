import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/access.json. */
export const access: Reasons = {
	'the name of a control, a heading or a state that a claim beside it explains': [
		'access_ask_title',
		'access_ask_open',
		'access_ask_busy',
		'access_look',
		'access_take_keep',
	],
	'says why there is nobody to choose': ['access_colleague_none'],
};
