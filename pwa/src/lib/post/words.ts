import { m } from '#lib/paraglide/messages.js';
import { isApiError } from '#lib/net/errors.ts';
import { formatDay, formatTime } from '#lib/ui/dates.ts';
import { wordsFor } from '#lib/ui/words.ts';
import type { Outbox, PostError, PostKind, PostMessage, PostWay } from '#protocol/post.ts';

const titles: Record<PostKind, Record<PostWay, () => string>> = {
	invitation: { mail: m.post_invitation_mail, text: m.post_invitation_text },
	update: { mail: m.post_update_mail, text: m.post_update_text },
	cancellation: { mail: m.post_cancellation_mail, text: m.post_cancellation_text },
	reminder: { mail: m.post_reminder_mail, text: m.post_reminder_text },
};

/** "Invitation by e-mail" */
export const titleOf = ({ kind, way }: { kind: PostKind; way: PostWay }): string =>
	titles[kind][way]();

/** What is not set up; `undefined` when both are. */
export function missing({ mail, text }: Outbox): string | undefined {
	if (!mail && !text) return m.post_no_both();
	if (!mail) return m.post_no_mail();
	return text ? undefined : m.post_no_text();
}

const reasons: Record<PostWay, Record<PostError, () => string>> = {
	mail: {
		unreachable: m.post_mail_unreachable,
		login: m.post_mail_login,
		address: m.post_mail_address,
		refused: m.post_mail_refused,
		interrupted: m.day_failed_interrupted,
		late: m.day_failed_late,
		notice: m.day_failed_notice,
		host: m.post_host_left,
	},
	text: {
		unreachable: m.post_text_unreachable,
		login: m.post_text_login,
		address: m.post_text_address,
		refused: m.post_text_refused,
		interrupted: m.day_failed_interrupted,
		late: m.day_failed_late,
		notice: m.day_failed_notice,
		host: m.post_host_left,
	},
};

/** What could not be sent, or is being tried again, and why. */
export function failedWords({ way, error, state, at }: PostMessage): string {
	const mail = way === 'mail';
	const why = error === null ? '' : reasons[way][error]();
	if (state === 'waiting') {
		const again = { why, time: formatTime(at) };
		return mail ? m.post_again_mail(again) : m.post_again_text(again);
	}
	return `${mail ? m.day_failed_mail() : m.day_failed_text()} ${why}`.trim();
}

/** Why somebody could not be reminded; `slow-down` is a matter of a minute. */
export function remindWords(error: Error): ReturnType<typeof wordsFor> {
	const words = wordsFor(error);
	if (!isApiError(error, 'slow-down')) return words;
	const next = m.post_remind_wait({ seconds: error.next ?? 60 });
	return { ...words, what: m.post_remind_soon(), next };
}

/** What became of a message that lay in the outbox. */
export function becameWords(message: PostMessage): string {
	const { state, at } = message;
	if (state === 'failed') return failedWords(message);
	if (state === 'dropped') return m.post_state_dropped();
	if (state === 'sent') return m.post_state_sent({ day: formatDay(at), time: formatTime(at) });
	return m.post_state_waiting({ time: formatTime(at) });
}
