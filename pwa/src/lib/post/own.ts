import { m } from '#lib/paraglide/messages.js';
import { keptWords } from '#lib/retention/told.ts';
import type { HostSession, Place } from '#lib/sessions/session.ts';
import { formatMoment, viewerZone } from '#lib/time.ts';

/** The notice about recording, a fact a line; nothing for a session that is not recorded. */
function noticeLines({ notice }: HostSession): string[] {
	if (!notice) return [];
	const facts: readonly (readonly [string, string])[] = [
		[m.notice_why(), notice.purpose],
		[m.notice_who(), m.notice_device({ name: notice.host })],
		[m.notice_open(), notice.openers],
		[m.notice_kept(), keptWords(notice)],
	];
	const lines = facts.map(([what, value]) => m.post_own_fact({ what, value }));
	return [[m.notice_title(), notice.practice, ...lines, m.notice_text()].join('\n')];
}

/**
 * The address of a new mail in the host's own mail program, with the private link of a place. It is made
 * in this browser; the server has no part in it.
 */
export function ownMail(session: HostSession, place: Place, link: string): string {
	const when = formatMoment(session.startsAt, place.timeZone ?? viewerZone());
	const body = [
		m.post_own_hello({ name: place.name }),
		m.post_own_text({ when }),
		link,
		m.post_own_browser(),
		...noticeLines(session),
	].join('\n\n');
	const subject = encodeURIComponent(m.post_own_subject({ when }));
	// RFC 6068 §5: lines end with CR LF.
	const text = encodeURIComponent(body.replaceAll('\n', '\r\n'));
	return `mailto:${encodeURIComponent(place.email ?? '')}?subject=${subject}&body=${text}`;
}
