import { m } from '#lib/paraglide/messages.js';
import type { Act, HistoryRow } from '#protocol/sessions.ts';
import { type Entry, whichShare } from './entries.ts';
import { memberName } from './members.ts';

const words: Record<Act, (inputs: { name: string }) => string> = {
	'set-up': m.act_set_up,
	'signed-in': m.act_signed_in,
	recovered: m.act_recovered,
	locked: m.act_locked,
	'signed-out': m.act_signed_out,
	'password-changed': m.act_password_changed,
	'settings-changed': m.people_act_settings,
	'colleague-invited': m.people_act_invited,
	'colleague-joined': m.people_act_joined,
	'colleague-confirmed': m.people_act_confirmed,
	'colleague-deactivated': m.people_act_deactivated,
	'role-changed': m.people_act_role,
	'keys-changed': m.people_act_keys,
	'keys-rotated': m.keys_act_rotated,
	'keys-asked': m.keys_act_asked,
	'keys-taken-back': m.keys_act_taken_back,
	'extension-paired': m.pairing_act_paired,
	'extension-removed': m.pairing_act_removed,
	'session-made': m.act_session_made,
	'session-changed': m.schedule_act_changed,
	'session-sealed-again': m.keys_act_sealed_again,
	'session-cancelled': m.schedule_act_cancelled,
	'session-ended': m.act_session_ended,
	'session-expired': m.schedule_act_expired,
	invited: m.history_act_invited,
	reminded: m.history_act_reminded,
	'send-failed': m.history_act_send_failed,
	'link-opened': m.history_act_link_opened,
	'code-shown': m.code_act_shown,
	'code-right': m.code_act_right,
	'code-wrong': m.code_act_wrong,
	'code-refused': m.code_act_refused,
	waited: m.act_waited,
	connected: m.act_connected,
	left: m.act_left,
	lost: m.day_act_lost,
	returned: m.day_act_returned,
	removed: m.act_removed,
	consented: m.act_consented,
	declined: m.act_declined,
	withdrew: m.act_withdrew,
	'recording-started': m.act_recording_started,
	'recording-paused': m.act_recording_paused,
	'recording-resumed': m.act_recording_resumed,
	'recording-ended': m.act_recording_ended,
	'recording-lost': m.act_recording_lost,
	'recording-finished': m.act_recording_finished,
	'recording-recovered': m.act_recording_recovered,
	opened: m.act_opened,
	granted: m.people_act_granted,
	'deletion-asked': m.act_deletion_asked,
	deleted: m.act_deleted,
	played: m.life_act_played,
	'access-ended': m.life_act_access_ended,
	'handed-over': m.life_act_handed_over,
	erased: m.life_act_erased,
	refused: m.life_act_refused,
	relocked: m.life_act_relocked,
	'track-destroyed': m.life_act_track_destroyed,
	'passage-cut': m.life_act_passage_cut,
	exported: m.life_act_exported,
	'copy-kept': m.life_act_copy_kept,
	'copy-removed': m.life_act_copy_removed,
	shared: m.life_act_shared,
	'share-approved': m.life_act_share_approved,
	'share-ended': m.life_act_share_ended,
	'share-expired': m.life_act_share_expired,
	'share-code-sent': m.life_act_share_code_sent,
	'share-code-right': m.life_act_share_code_right,
	'share-code-wrong': m.life_act_share_code_wrong,
	'share-words-wrong': m.life_act_share_words_wrong,
	'share-opened': m.life_act_share_opened,
	'share-refused': m.life_act_share_refused,
	'retention-set': m.life_act_retention_set,
	'hold-placed': m.life_act_hold_placed,
	'hold-released': m.life_act_hold_released,
	'kept-until-over': m.life_act_kept_until_over,
	'retention-policy-changed': m.life_act_retention_policy_changed,
	'request-made': m.life_act_request_made,
	'request-extended': m.life_act_request_extended,
	'request-done': m.life_act_request_done,
	'request-declined': m.life_act_request_declined,
	'request-withdrawn': m.life_act_request_withdrawn,
	'part2-consent': m.life_act_part2_consent,
	'unlocker-added': m.life_act_unlocker_added,
	'unlocker-removed': m.life_act_unlocker_removed,
	'device-removed': m.life_act_device_removed,
	'browser-added': m.browsers_act_added,
	'recovery-key-replaced': m.life_act_recovery_key_replaced,
};

/** What was done, as a sentence; without a name somebody did it. */
export function actWords(act: Act, name: string | undefined): string {
	return words[act]({ name: name ?? m.somebody() });
}

/** Whose access it was that a row tells of, by id; undefined for every other act. */
export function whoseAccess({ act, about }: Pick<HistoryRow, 'act' | 'about'>): string | undefined {
	const named = act === 'granted' || act === 'access-ended' || act === 'handed-over';
	return about !== null && named ? about : undefined;
}

/** Characters of a share's id by which people tell shares apart. */
const numberChars = 6;

/**
 * Whom a row is about besides who did it, to be put after its sentence: whose access it was, or who a share is for, by
 * name where the reader knows it (`recipient` gives it by the id of a share) and else by its number.
 */
export function aboutWords(
	row: Pick<HistoryRow, 'act' | 'about'>,
	recipient: (share: string) => string | undefined = () => undefined,
): string {
	const share = whichShare(row);
	const member = whoseAccess(row);
	const name = share === undefined ? member && memberName(member) : recipient(share);
	if (name !== undefined) return `: ${name}`;
	return share === undefined ? '' : ` (${m.life_share({ number: share.slice(0, numberChars) })})`;
}

/** What happened in one row, as a sentence. */
export const sentence = (row: Pick<Entry, 'act' | 'name' | 'about'>): string =>
	`${actWords(row.act, row.name)}${aboutWords(row)}`;

/** Names of the columns of an exported table. */
export const columns = (zone: string): string[] => [
	m.history_column_local({ zone }),
	m.history_column_utc(),
	m.history_column_name(),
	m.history_what(),
	m.history_column_session(),
	m.history_column_recording(),
];
