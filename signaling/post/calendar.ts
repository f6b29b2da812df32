import ical, { ICalAttendeeStatus, ICalCalendarMethod, ICalEventStatus } from 'ical-generator';
import type { Letter, Written } from './words.ts';

export interface Entry {
	letter: Letter;
	words: Written;
	/** The same for all messages about one person at one session. */
	uid: string;
	sequence: number;
	/** Address that the practice writes from. */
	from: string;
	to: string;
	/** When the message is written. */
	now: number;
}

export interface CalendarPart {
	method: 'REQUEST' | 'CANCEL';
	content: string;
}

/**
 * The calendar entry of an invitation, an update or a cancellation (RFC 5545, RFC 5546); `undefined` for
 * a reminder. Times are in UTC, so that every calendar shows the same instant.
 */
export function calendarOf(entry: Entry): CalendarPart | undefined {
	const { letter, words, uid, sequence, from, to, now } = entry;
	if (letter.kind === 'reminder') return undefined;
	const over = letter.kind === 'cancellation';
	const method = over ? 'CANCEL' : 'REQUEST';
	const calendar = ical({
		prodId: { company: 'Sotto', product: 'Sotto', language: 'EN' },
		method: ICalCalendarMethod[method],
	});
	calendar.createEvent({
		id: uid,
		sequence,
		stamp: new Date(now),
		start: new Date(letter.startsAt),
		end: new Date(letter.startsAt + letter.minutes * 60_000),
		summary: `Video session with ${letter.host.replaceAll(/\s+/gu, ' ')}`,
		description: words.body,
		...(!over && { location: letter.link, url: letter.link }),
		organizer: { name: letter.practice.replaceAll(/[\s"]+/gu, ' '), email: from },
		attendees: [{ email: to, rsvp: false, status: ICalAttendeeStatus.NEEDSACTION }],
		status: over ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
	});
	return { method, content: calendar.toString() };
}
