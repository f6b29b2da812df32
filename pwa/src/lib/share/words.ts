import { m } from '#lib/paraglide/messages.js';
import { formatDate, formatTime } from '#lib/ui/dates.ts';
import type { Share, ShareMail, ShareState } from '#protocol/shares.ts';

const when = (at: number) => ({ day: formatDate(at), time: formatTime(at) });

const states: Record<
	ShareState,
	(share: { readonly expiresAt: number; readonly endedAt: number | null }) => string
> = {
	open: ({ expiresAt }) => m.share_live(when(expiresAt)),
	locked: () => m.share_state_locked(),
	exposed: () => m.share_state_exposed(),
	ended: ({ endedAt, expiresAt }) => m.share_state_ended(when(endedAt ?? expiresAt)),
	expired: ({ expiresAt }) => m.share_state_expired(when(expiresAt)),
};

/** Until when a share opens, or why it does not any more. */
export function stateWords(share: Pick<Share, 'state' | 'expiresAt' | 'endedAt'>): string {
	return states[share.state](share);
}

/** How often and when it was opened. */
export function openingWords({ openings, openedAt }: Pick<Share, 'openings' | 'openedAt'>): string {
	const last = openedAt.at(-1);
	if (openings === 0 || last === undefined) return m.share_waiting();
	if (openings === 1) return m.share_opened_once(when(last));
	return m.share_opened_often({ count: openings, ...when(last) });
}

const mails: Record<ShareMail, (() => string) | undefined> = {
	none: m.share_mail_none,
	waiting: m.share_mail_waiting,
	sending: m.share_mail_waiting,
	sent: m.share_mail_sent,
	failed: m.share_mail_failed,
	held: m.share_mail_held,
};

/** Whether the mail reaches nobody: then the sharer passes the address on. */
export const unsent = (mail: ShareMail): boolean => mail === 'held' || mail === 'failed';

/** What became of the mail. */
export const mailWords = (mail: ShareMail): string | undefined => mails[mail]?.();
