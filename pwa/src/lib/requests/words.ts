import { m } from '#lib/paraglide/messages.js';
import { formatDate } from '#lib/ui/dates.ts';
import type {
	DeclineReason,
	ExtensionReason,
	OwnRequest,
	RequestKind,
} from '#protocol/requests.ts';

/** What a button asks for. */
export const askWords: Record<RequestKind, () => string> = {
	copy: m.requests_ask_copy,
	stop: m.requests_ask_stop,
	delete: m.requests_ask_delete,
};

/** What somebody asked, to herself. */
export const askedWords: Record<RequestKind, () => string> = {
	copy: m.requests_asked_copy,
	stop: m.requests_asked_stop,
	delete: m.requests_asked_delete,
};

/** What somebody asked, to the practice. */
export const taskWords: Record<RequestKind, (of: { name: string }) => string> = {
	copy: m.requests_task_copy,
	stop: m.requests_task_stop,
	delete: m.requests_task_delete,
};

export const declineWords: Record<DeclineReason, () => string> = {
	gone: m.requests_why_gone,
	'not-record': m.requests_why_not_record,
	law: m.requests_why_law,
	harm: m.requests_why_harm,
	identity: m.requests_why_identity,
	withdrawn: m.requests_why_withdrawn,
};

export const extensionWords: Record<ExtensionReason, () => string> = {
	time: m.requests_later_time,
	elsewhere: m.requests_later_elsewhere,
	advice: m.requests_later_advice,
};

/** Where a request stands, in one line. */
export function stateWords(one: OwnRequest): string {
	const { state, reason, closedAt, dueAt, extension } = one;
	const day = formatDate(closedAt ?? dueAt);
	if (state === 'done') return m.requests_state_done({ day });
	if (reason === 'withdrawn') return m.requests_state_withdrawn({ day });
	if (state === 'declined')
		return m.requests_state_declined({ day, reason: reason ? declineWords[reason]() : '' });
	if (extension)
		return m.requests_state_extended({ day, reason: extensionWords[extension.reason]() });
	return m.requests_state_open({ day });
}
