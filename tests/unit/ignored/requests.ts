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
		'requests_disclosures_closed',
		'requests_disclosures_loading',
		'requests_copy_changed',
		'requests_copy_bad_recipient',
	],
	'asks for something, or says what somebody asked': [
		'requests_mine_lead',
		'requests_stranger',
		'requests_ask_delete',
		'requests_asked_delete',
		'requests_task_stop',
		'requests_task_delete',
		'requests_open_recording',
		'requests_nothing_kept',
	],
	'says what the practice, not the program, does or gives as its reason': [
		'requests_ask_copy_text',
		'requests_ask_stop_text',
		'requests_ask_delete_text',
		'requests_why_gone',
		'requests_why_law',
		'requests_why_identity',
		'requests_later_elsewhere',
		'requests_answer_declined_hint',
		'requests_answer_extend_hint',
		'requests_answer_no_words',
	],
	'a word of the written consent that the law asks for, which people sign': [
		'requests_part2_consent',
		'requests_part2_lead',
		'requests_part2_to_hint',
		'requests_part2_revoke_usual',
		'requests_part2_ends_usual',
		'requests_part2_refusal_usual',
		'requests_part2_name',
	],
	'promises less than anybody would expect: what was exported is out of reach': [
		'requests_copy_away',
	],
};
