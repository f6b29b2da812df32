import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/life.json. */
export const life: Reasons = {
	'a row of the history: what was done, in its own words': [
		'life_act_played',
		'life_act_access_ended',
		'life_act_handed_over',
		'history_erase_recording',
		'life_act_erased',
		'life_act_relocked',
		'life_act_copy_kept',
		'life_act_shared',
		'life_act_share_code_sent',
		'life_act_share_opened',
		'life_act_retention_set',
		'life_act_kept_until_over',
		'life_act_retention_policy_changed',
		'life_act_request_made',
		'life_act_part2_consent',
		'life_act_unlocker_added',
		'life_act_unlocker_removed',
		'life_act_recovery_key_replaced',
	],
};
