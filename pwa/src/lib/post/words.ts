import { m } from '#lib/paraglide/messages.js';
import { failedWords } from '#lib/sessions/words.ts';
import { formatDay, formatTime } from '#lib/ui/dates.ts';
import type { Outbox, PostKind, PostMessage, PostWay } from '#protocol/post.ts';

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

/** What became of a message that lay in the outbox. */
export function becameWords(message: PostMessage): string {
	const { state, at } = message;
	if (state === 'failed') return failedWords(message);
	if (state === 'dropped') return m.post_state_dropped();
	if (state === 'sent') return m.post_state_sent({ day: formatDay(at), time: formatTime(at) });
	return m.post_state_waiting({ time: formatTime(at) });
}
