import { m } from '#lib/paraglide/messages.js';
import { formatTime } from '#lib/ui/dates.ts';
import type { PostMessage } from '#protocol/post.ts';
import type { Whereabouts } from './whereabouts.ts';

/** Where somebody is; nothing for who is simply not here yet. */
export function whereaboutsWords(where: Whereabouts): string {
	if (where.is === 'ended') return m.session_ended();
	if (where.is === 'in-call') return m.in_call();
	if (where.is === 'waiting') return m.waits_since({ time: formatTime(where.since) });
	if (where.is === 'away') return '';
	return where.minutes === 1 ? m.day_late_one() : m.day_late({ minutes: where.minutes });
}

/** "Invited by e-mail" */
export function sentWords({ kind, way, state, at }: PostMessage): string {
	if (state === 'held') return m.day_held();
	const reminded = kind === 'reminder';
	if (way === 'mail') {
		if (reminded) return m.day_reminded_mail({ time: formatTime(at) });
		return kind === 'update' ? m.day_updated_mail() : m.day_invited_mail();
	}
	if (reminded) return m.day_reminded_text({ time: formatTime(at) });
	return kind === 'update' ? m.day_updated_text() : m.day_invited_text();
}

export { failedWords } from '#lib/post/words.ts';
