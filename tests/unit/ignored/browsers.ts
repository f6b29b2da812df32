import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/browsers.json. */
export const browsers: Reasons = {
	'the name of a control, or what is to be done next': [
		'browsers_ask_lead',
		'browsers_ask_first',
		'browsers_ask_second',
		'browsers_add_text',
	],
	'what is going on right now': [
		'browsers_ask_making',
		'browsers_offline',
		'browsers_entering',
		'browsers_add_finding',
		'browsers_add_meeting',
	],
	'which way a browser came in': ['browsers_way_recovery'],
};
