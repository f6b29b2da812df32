import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/retention.json. */
export const retention: Reasons = {
	'the name of a control, a heading or a state that a claim beside it explains': [
		'retention_loading',
		'retention_extend_to',
		'retention_purpose_label',
		'retention_patient',
		'retention_reviewer_nobody',
		'retention_reviewer_open',
		'retention_review_row',
		'retention_review_end',
		'retention_result',
		'retention_shorter_yes',
		'retention_admins',
		'retention_rules_days_hint',
		'retention_rules_note_hint',
		'retention_touched_title',
		'retention_touched_progress',
		'retention_touched_apply',
		'retention_storage_loading',
		'retention_storage_empty',
		'retention_storage_empty_text',
		'retention_storage_sum',
		'retention_storage_plot',
		'retention_storage_stored',
		'retention_storage_how',
	],
	'what a source of a rule says, or by what a date was computed': [
		'retention_sure_not',
		'retention_by_days',
	],
	'advice to whoever decides': ['retention_extend_text'],
};
