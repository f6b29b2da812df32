import * as v from 'valibot';
import { limits } from './limits.ts';
import { Count, Email, Id, Time, line } from './text.ts';

/** A number as people dial it, with the spaces taken out. */
export const Mobile = v.pipe(v.string(), v.regex(/^\+?[0-9]{6,15}$/));

function isTimeZone(zone: string): boolean {
	try {
		return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
	} catch {
		// RangeError is the only answer to a name that nobody knows.
		return false;
	}
}

/** A name of the time zone database, like America/Los_Angeles. */
export const TimeZone = v.pipe(v.string(), v.maxLength(64), v.check(isTimeZone));

function isLanguage(tag: string): boolean {
	try {
		return Intl.getCanonicalLocales(tag).length === 1;
	} catch {
		return false;
	}
}

/** A language tag (BCP 47), like en or pt-BR. */
export const Language = v.pipe(
	v.string(),
	v.regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}$/),
	v.check(isLanguage),
);

/** Minutes before a session at which its people are reminded by themselves. */
export const Reminders = v.pipe(
	v.array(v.pipe(Count, v.minValue(5), v.maxValue(14 * 24 * 60))),
	v.maxLength(limits.remindersPerPlace),
);

/** Where one invited person is reached. The server keeps it only until the session is over. */
export const Contact = v.strictObject({
	place: Id,
	email: v.nullable(Email),
	mobile: v.nullable(Mobile),
	language: Language,
	timeZone: TimeZone,
	/** Null: as the practice has it, also when it changes that. */
	remindBefore: v.nullable(Reminders),
	/** Who speaks in the message: the practice. */
	from: v.literal('practice'),
});
export type Contact = v.InferOutput<typeof Contact>;

/**
 * PUT /api/sessions/:id/contacts (the host, or whoever schedules for her): replaces all contacts of a
 * session. Who is new is invited, who is no longer there gets a cancellation. 204. Errors: `not-found`,
 * `session-ended`, `bad-request` (a place that is not of this session, or one twice), `over-limit` (too many
 * messages about one session).
 */
export const NewContacts = v.strictObject({
	contacts: v.pipe(v.array(Contact), v.maxLength(limits.peopleMax)),
});

/**
 * PUT /api/contacts (as above, all or none): the same for several sessions. Who is invited to several of
 * them with the same addresses gets one message about all. 204.
 */
export const NewContactsOfMany = v.strictObject({
	sessions: v.pipe(
		v.array(v.strictObject({ id: Id, ...NewContacts.entries })),
		v.minLength(1),
		v.maxLength(limits.sessionsAtOnce),
	),
});

/**
 * POST /api/sessions/:id/places/:place/remind (as above): sends a reminder now, by every way that the
 * person has. 204. Errors: `slow-down` (one a minute), `not-found` (no contact), `session-ended`.
 */

export const PostKind = v.picklist(['invitation', 'update', 'cancellation', 'reminder']);
export type PostKind = v.InferOutput<typeof PostKind>;
export const PostWay = v.picklist(['mail', 'text']);
export type PostWay = v.InferOutput<typeof PostWay>;

/**
 * waiting: is sent at `at` or soon after; held: no way to send it is set up, see the outbox; dropped: it
 * was held, and of no use any more when a way was set up.
 */
export const PostState = v.picklist(['waiting', 'sent', 'failed', 'held', 'dropped']);
export type PostState = v.InferOutput<typeof PostState>;

/** Why a message did not go out, or has to be tried again. */
export const PostError = v.picklist([
	/** The mail server or the gateway cannot be reached. */
	'unreachable',
	/** It does not let this server in. */
	'login',
	/** It does not know, or does not take, this address. */
	'address',
	/** It refused the message. */
	'refused',
	/** It was cut off in the middle: the message may have gone out, so it is never sent again. */
	'interrupted',
	/** The session was over before it could be sent. */
	'late',
	/** The notice about recording cannot be read, and without it nothing is sent. */
	'notice',
	/** Whoever was to hold the session has left the practice: nobody is reminded of it by itself. */
	'host',
]);
export type PostError = v.InferOutput<typeof PostError>;

export const PostMessage = v.strictObject({
	id: Id,
	session: Id,
	place: Id,
	kind: PostKind,
	way: PostWay,
	state: PostState,
	/** When it was sent or given up, or when it is due. */
	at: Time,
	tries: Count,
	error: v.nullable(PostError),
});
export type PostMessage = v.InferOutput<typeof PostMessage>;

/** GET /api/post?session= (staff): messages of one session, or of all that are not long past; never an address. */
export const PostList = v.strictObject({ messages: v.array(PostMessage) });

/**
 * GET /api/outbox (admin): what would have been sent, if mail or text messages were set up, and what
 * became of it once they were, until a day after its session.
 */
export const Outbox = v.strictObject({
	/** Which ways are set up. */
	mail: v.boolean(),
	text: v.boolean(),
	messages: v.array(
		v.strictObject({
			...PostMessage.entries,
			/** Null once the session is over: the address is erased then. */
			to: v.nullable(line(254)),
			/** Only mail has one. */
			subject: v.nullable(v.string()),
			body: v.string(),
			/** The calendar file that its mail has; null for one without, and once the address is erased. */
			calendar: v.nullable(v.string()),
		}),
	),
});
export type Outbox = v.InferOutput<typeof Outbox>;
