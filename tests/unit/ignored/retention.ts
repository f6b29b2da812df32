import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/retention.json. */
export const retention: Reasons = {
	'the name of a control, a heading or a state that a claim beside it explains': [
		'retention_for_record',
		'retention_for_note',
		'retention_loading',
		'retention_extend_to',
		'retention_purpose_label',
		'retention_patient',
		'retention_reviewer_nobody',
		'retention_result',
		'retention_shorter_yes',
	],
	'what a source of a rule says, or by what a date was computed': [
		'retention_sure_not',
		'retention_by_days',
	],
	'advice to whoever decides': ['retention_extend_text'],
};
