import ical, {
	ICalAttendeeStatus,
	type ICalCalendar,
	ICalCalendarMethod,
	ICalEventStatus,
} from 'ical-generator';
import type { Parcel } from './parcel.ts';
import { type Letter, oneLine, write } from './words.ts';

export interface Entry {
	letter: Letter;
	/** The same for all messages about one person at one session. */
	uid: string;
	sequence: number;
}

export interface Envelope {
	/** Address that the practice writes from; null = it has none: an entry that somebody passes on by hand. */
	from: string | null;
	to: string;
	/** When the message is written. */
	now: number;
}

export interface CalendarPart {
	method: 'REQUEST' | 'CANCEL' | 'PUBLISH';
	content: string;
}

function addEvent(
	calendar: ICalCalendar,
	{ letter, uid, sequence }: Entry,
	{ from, to, now }: Envelope,
): void {
	const over = letter.kind === 'cancellation';
	const invited = from !== null && calendar.method() !== ICalCalendarMethod.PUBLISH;
	calendar.createEvent({
		id: uid,
		sequence,
		stamp: new Date(now),
		start: new Date(letter.startsAt),
		end: new Date(letter.startsAt + letter.minutes * 60_000),
		summary: `Video session with ${oneName(letter.host)}`,
		description: write(letter, 'mail').body,
		...(!over && { location: letter.link, url: letter.link }),
		...(from !== null && { organizer: { name: oneName(letter.practice), email: from } }),
		// RFC 5546 §3.2.1: what is published has no attendee.
		...(invited && {
			attendees: [{ email: to, rsvp: false, status: ICalAttendeeStatus.NEEDSACTION }],
		}),
		status: over ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
	});
}

/** Without quotation marks, which a parameter cannot hold (RFC 5545 §3.2). */
const oneName = (name: string): string => oneLine(name.replaceAll('"', ' '));

/**
 * The calendar entries of an invitation, an update or a cancellation (RFC 5545, RFC 5546); none for a
 * reminder. Times are in UTC, so that every calendar shows the same instant. Every session has a UID of
 * its own, so that one of a series can be moved or called off by itself: a REQUEST or a CANCEL speaks of
 * one UID only (RFC 5546 §3.2.2, §3.2.5), so several are published in one file, and called off in one each.
 */
export function calendarsOf(entries: readonly Entry[], envelope: Envelope): CalendarPart[] {
	const kind = entries[0]?.letter.kind;
	if (kind === undefined || kind === 'reminder') return [];
	const several = entries.length > 1 ? 'PUBLISH' : 'REQUEST';
	const method = kind === 'cancellation' ? 'CANCEL' : several;
	const files = method === 'CANCEL' ? entries.map((entry) => [entry]) : [entries];
	return files.map((file) => {
		const calendar = ical({
			prodId: { company: 'Sotto', product: 'Sotto', language: 'EN' },
			// RFC 5545 §3.7.2, RFC 5546 §3.2: whatever has a method has an organizer.
			...(envelope.from !== null && { method: ICalCalendarMethod[method] }),
		});
		for (const entry of file) addEvent(calendar, entry, envelope);
		return { method, content: calendar.toString() };
	});
}

/** The calendar entries of one mail, as `calendarsOf`; their UIDs end with `domain`. */
export function calendarsIn(parcel: Parcel, domain: string, envelope: Envelope): CalendarPart[] {
	const entries = parcel.map(({ row, letter }) => ({
		letter,
		uid: `${row.session}.${row.place}@${domain}`,
		sequence: row.sequence,
	}));
	return calendarsOf(entries, envelope);
}
