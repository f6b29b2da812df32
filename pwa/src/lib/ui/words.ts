import type { CryptoErrorCode } from '#crypto/errors.ts';
import { m } from '#lib/paraglide/messages.js';
import type { ErrorCode } from '#protocol/errors.ts';

/** Every way in which something can fail and be told: the server's codes, those of crypto/, and our own. */
export type FailureCode = ErrorCode | CryptoErrorCode | 'offline' | 'bad-answer' | 'unexpected';

/** What happened; what was kept and what to do next. */
type Words = readonly [what: () => string, next: () => string];

const broken: Words = [m.error_broken, m.error_broken_next];

const words: Record<FailureCode, Words> = {
	'bad-request': broken,
	'chunk-differs': [m.error_chunk, m.error_chunk_next],
	'chunk-order': [m.error_chunk, m.error_chunk_next],
	conflict: [m.error_conflict, m.error_conflict_next],
	deactivated: [m.people_error_deactivated, m.people_error_deactivated_next],
	forbidden: [m.error_forbidden, m.error_forbidden_next],
	'generation-taken': [m.error_epoch, m.error_epoch_next],
	gone: [m.error_gone, m.error_gone_next],
	internal: [m.error_internal, m.error_internal_next],
	locked: [m.error_locked, m.error_locked_next],
	'login-failed': [m.error_login_failed, m.error_login_failed_next],
	'not-found': [m.error_not_found, m.error_not_found_next],
	'not-in-call': [m.error_not_in_call, m.error_not_in_call_next],
	'not-ready': [m.error_not_ready, m.error_not_ready_next],
	origin: [m.error_origin, m.error_origin_next],
	'over-limit': [m.error_over_limit, m.error_over_limit_next],
	'session-ended': [m.error_session_ended, m.error_session_ended_next],
	'setup-token': [m.error_setup_token, m.error_setup_token_next],
	'slow-down': [m.error_slow_down, m.error_slow_down_next],
	'storage-full': [m.error_storage_full, m.error_storage_full_next],
	token: [m.error_token, m.error_token_next],
	'too-many-tries': [m.error_too_many_tries, m.error_too_many_tries_next],
	version: [m.error_version, m.error_version_next],
	'bad-encoding': broken,
	'bad-header': [m.error_altered, m.error_altered_next],
	'bad-key': [m.error_bad_key, m.error_bad_key_next],
	'bad-signature': [m.error_altered, m.error_altered_next],
	'epoch-refused': [m.error_epoch, m.error_epoch_next],
	exhausted: [m.error_exhausted, m.error_exhausted_next],
	'not-a-recipient': [m.error_not_a_recipient, m.error_not_a_recipient_next],
	'no-key': [m.error_not_a_recipient, m.error_not_a_recipient_next],
	'open-failed': [m.error_altered, m.error_altered_next],
	'too-large': [m.error_over_limit, m.error_over_limit_next],
	stale: [m.error_stale, m.error_stale_next],
	truncated: [m.error_truncated, m.error_truncated_next],
	'unknown-version': [m.error_version_unknown, m.error_version_unknown_next],
	'wrong-password': [m.error_login_failed, m.error_login_failed_next],
	'wrong-recovery-key': [m.error_recovery_key, m.error_recovery_key_next],
	offline: [m.error_offline, m.error_offline_next],
	'bad-answer': broken,
	unexpected: [m.error_unexpected, m.error_unexpected_next],
};

function isCode(value: unknown): value is FailureCode {
	return typeof value === 'string' && Object.hasOwn(words, value);
}

/** The sentences for an error of ours, by its `code`; `unexpected` for anything else. */
export function wordsFor(error: unknown): { code: FailureCode; what: string; next: string } {
	const given = error instanceof Error && 'code' in error ? error.code : undefined;
	const code = isCode(given) ? given : 'unexpected';
	const [what, next] = words[code];
	return { code, what: what(), next: next() };
}
