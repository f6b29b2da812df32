import { request } from '#lib/net/api.ts';
import { type HostSession, type Place, sealPlace, sealSession } from '#lib/sessions/session.ts';
import { fetchSchedule } from '#lib/sessions/store.ts';
import type { NewPlace, SessionChange } from '#protocol/sessions.ts';
import type { Person, SessionText } from './contents.ts';
import { newPlace } from './make.ts';

const patch = (id: string, body: SessionChange): Promise<unknown> =>
	request({ method: 'PATCH', path: `/api/sessions/${id}`, body });

/** Gives a session another time. Throws `ApiError`, as the others here. */
export async function reschedule(
	session: HostSession,
	to: { startsAt: number; minutes: number },
): Promise<void> {
	await patch(session.id, to);
}

/** Gives it another title and note. */
export async function changeText(session: HostSession, text: SessionText): Promise<void> {
	const { id, host, series } = session;
	await patch(id, { sealed: await sealSession({ host, session: id, text: { ...text, series } }) });
}

const sealedPlace = async ({ id, host }: HostSession, place: Place): Promise<NewPlace> => ({
	id: place.id,
	sealed: await sealPlace({ host, session: id, place }),
});

/** Another name or contact; the link stays. */
export async function changePerson(session: HostSession, place: Place): Promise<void> {
	await patch(session.id, { places: [await sealedPlace(session, place)] });
}

/** Invites one more. */
export async function addPerson(session: HostSession, person: Person): Promise<void> {
	const body = await sealedPlace(session, newPlace(person));
	await request({ method: 'POST', path: `/api/sessions/${session.id}/places`, body });
}

/** Takes back an invitation: the link leads nowhere from now on. */
export async function removePlace(session: string, place: string): Promise<void> {
	await request({ method: 'DELETE', path: `/api/sessions/${session}/places/${place}` });
}

/** Cancels a session that has not begun. */
export async function cancelSession(id: string): Promise<void> {
	await request({ method: 'POST', path: `/api/sessions/${id}/cancel` });
}

const yearMs = 366 * 24 * 60 * 60_000;

/** The planned sessions of the same series from this one on. */
export async function laterInSeries(session: HostSession): Promise<readonly HostSession[]> {
	const { series, startsAt } = session;
	if (!series) return [session];
	const { sessions, failures } = await fetchSchedule(startsAt, startsAt + yearMs);
	// What cannot be opened may be one of the series: to leave it standing without a word would be wrong.
	if (failures.length > 0) throw failures[0];
	return sessions.filter((one) => one.series?.id === series.id && one.state === 'planned');
}
