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

/** A day and an hour before. */
const standardReminders: readonly number[] = [24 * 60, 60];
const languageStandard = 'en';

/** What a person typed as a number, without spaces, brackets, points and dashes. */
export const dialled = (mobile: string): string => mobile.replaceAll(/[^\d+]/g, '');

function contactOf(
	place: Invitee,
	{ remindBefore, language }: { remindBefore: readonly number[]; language: string },
): Contact {
	return {
		place: place.id,
		email: place.email?.trim() || null,
		mobile: dialled(place.mobile ?? '') || null,
		language: v.is(Language, place.language) ? place.language : language,
		timeZone: place.timeZone || Intl.DateTimeFormat().resolvedOptions().timeZone,
		remindBefore: [...remindBefore],
		from: 'practice',
	};
}

/**
 * Tells the server whom to write to about a session: who is new is invited, who is no longer there gets
 * a cancellation, reminders are planned. Call it again after every change of people. Throws `ApiError`.
 */
export async function sendInvitations(
	session: Invited,
	remindBefore: readonly number[] = standardReminders,
	language: string = languageStandard,
): Promise<void> {
	const contacts = session.places
		.map((place) => contactOf(place, { remindBefore, language }))
		.filter(({ email, mobile }) => email !== null || mobile !== null);
	await request({
		method: 'PUT',
		path: `/api/sessions/${session.id}/contacts`,
		body: { contacts },
	});
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
