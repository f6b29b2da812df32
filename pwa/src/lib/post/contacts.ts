import * as v from 'valibot';
import { fetchJson, request } from '#lib/net/api.ts';
import { type Contact, Language, PostList, type PostMessage } from '#protocol/post.ts';

/** An invited person, as far as sending needs to know her. */
export interface Invitee {
	readonly id: string;
	readonly email?: string | null | undefined;
	readonly mobile?: string | null | undefined;
	readonly timeZone?: string | null | undefined;
	readonly language?: string | null | undefined;
}

/** A session whose people are to be written to. */
export interface Invited {
	readonly id: string;
	readonly places: readonly Invitee[];
}

const languageStandard = 'en';

/** What a person typed as a number, without spaces, brackets, points and dashes. */
export const dialled = (mobile: string): string => mobile.replaceAll(/[^\d+]/g, '');

interface Wishes {
	/** Minutes before a session; null = as the practice has it, also when it changes that. */
	readonly remindBefore?: readonly number[] | null | undefined;
	/** For whoever has none of her own. */
	readonly language?: string | undefined;
}

function contactOf(place: Invitee, { remindBefore = null, language }: Wishes): Contact {
	const own = v.is(Language, place.language) ? place.language : undefined;
	return {
		place: place.id,
		email: place.email?.trim() || null,
		mobile: dialled(place.mobile ?? '') || null,
		language: own ?? language ?? languageStandard,
		timeZone: place.timeZone || Intl.DateTimeFormat().resolvedOptions().timeZone,
		remindBefore: remindBefore && [...remindBefore],
		from: 'practice',
	};
}

/**
 * Tells the server whom to write to about sessions: who is new is invited, who is no longer there gets a
 * cancellation, reminders are planned. Who is invited to several at once gets one message about all of
 * them. Call it again after every change of people. Throws `ApiError`.
 */
export async function sendInvitations(
	sessions: readonly Invited[],
	wishes: Wishes = {},
): Promise<void> {
	const all = sessions.map(({ id, places }) => ({
		id,
		contacts: places
			.map((place) => contactOf(place, wishes))
			.filter(({ email, mobile }) => email !== null || mobile !== null),
	}));
	await request({ method: 'PUT', path: '/api/contacts', body: { sessions: all } });
}

/** Reminds one person now. Throws `ApiError`: `slow-down` within a minute, `not-found` without a contact. */
export async function remind(session: string, place: string): Promise<void> {
	await request({ method: 'POST', path: `/api/sessions/${session}/places/${place}/remind` });
}

/** What was sent, waits or failed: of one session, or of all that are not long past. Throws `ApiError`. */
export async function fetchPost(session?: string): Promise<readonly PostMessage[]> {
	const path = session === undefined ? '/api/post' : `/api/post?session=${session}`;
	return (await fetchJson(PostList, { path })).messages;
}
