import { request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { visitFor } from '#lib/visits/link.ts';
import { type HostSession, type Place, sealPlace, sealSession } from '#lib/sessions/session.ts';
import { fetchOne } from '#lib/sessions/roll.ts';
import { fetchSchedule } from '#lib/sessions/store.ts';
import type { NewPlace, SessionChange } from '#protocol/sessions.ts';
import type { SessionText } from './contents.ts';

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
	const { id, host, series, kept } = session;
	const whole = { ...text, series, kept };
	await patch(id, { sealed: await sealSession({ host, session: id, text: whole }) });
}

const sealedPlace = async ({ id, host }: HostSession, place: Place): Promise<NewPlace> => ({
	id: place.id,
	sealed: await sealPlace({ host, session: id, place }),
	visit: (await visitFor({ host, session: id, place })) ?? null,
});

/** Another name or contact; the link stays. */
export async function changePerson(session: HostSession, place: Place): Promise<void> {
	await patch(session.id, { places: [await sealedPlace(session, place)] });
}

/** Invites one more. After a failure the same place can be sent again: nobody is added twice. */
export async function addPerson(session: HostSession, place: Place): Promise<void> {
	const body = await sealedPlace(session, place);
	try {
		await request({ method: 'POST', path: `/api/sessions/${session.id}/places`, body });
	} catch (error) {
		if (!isApiError(error, 'conflict')) throw error;
		const { places } = await fetchOne(session.id);
		if (!places.some(({ id }) => id === place.id)) throw error;
		await changePerson(session, place);
	}
}

/** Takes back an invitation: the link leads nowhere from now on. */
export async function removePlace(session: string, place: string): Promise<void> {
	await request({ method: 'DELETE', path: `/api/sessions/${session}/places/${place}` });
}

/** Whether it can be cancelled: it has not begun, or began and cannot go on because its host has other keys by now. */
export const mayCancel = ({ state, hostIs }: Pick<HostSession, 'state' | 'hostIs'>): boolean =>
	state === 'planned' || (state === 'open' && hostIs === 'renewed');

/** Cancels a session for which `mayCancel`. */
export async function cancelSession(id: string): Promise<void> {
	await request({ method: 'POST', path: `/api/sessions/${id}/cancel` });
}

const yearMs = 366 * 24 * 60 * 60_000;

/** What follows a session in its series. */
export interface Following {
	/** The planned ones from this one on, the earliest first. */
	readonly sessions: readonly HostSession[];
	/** Planned sessions of the same host in this time that cannot be opened: some may be of the series. */
	readonly unopened: number;
}

/** The rest of a series. Throws `ApiError`. */
export async function laterInSeries(session: HostSession): Promise<Following> {
	const { series, startsAt, host } = session;
	if (!series) return { sessions: [session], unopened: 0 };
	const { sessions, unopened } = await fetchSchedule(startsAt, startsAt + yearMs);
	return {
		sessions: sessions.filter((one) => one.series?.id === series.id && one.state === 'planned'),
		unopened: unopened.filter((one) => one.host === host && one.state === 'planned').length,
	};
}
