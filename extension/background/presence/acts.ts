import { type Arrived, idOf } from './arrivals.ts';
import { keepClick } from './clicked.ts';
import { showPath } from './dashboard.ts';
import { readTold } from './memory.ts';
import { handled } from './notify.ts';
import { keepUnsaid } from './notnow.ts';
import type { Practice } from './practice.ts';

/** A practice that this browser is paired with. */
export type Find = (
	practice: string,
) => Promise<Pick<Practice, 'origin' | 'waiting' | 'dismiss'> | undefined>;

/** Opens the call for who waits at a seat. That it was a click is kept: the page lets nobody in by its address. */
async function admit(
	{ origin }: Pick<Practice, 'origin'>,
	{ session, seat }: Pick<Arrived, 'session' | 'seat'>,
	place: string | undefined,
) {
	await keepClick({ origin, session, seat, place });
	await showPath(origin, `/call/${session}?connect=${seat}`);
}

/** Of whom the user was told there. The server may say meanwhile that somebody else sits at that seat. */
async function placeOf({ waiting }: Pick<Practice, 'waiting'>, arrived: Arrived) {
	const told = (await readTold(arrived.practice)).get(idOf(arrived));
	return told?.place ?? waiting(arrived.session).find(({ seat }) => seat === arrived.seat)?.place;
}

/** Opens the session in which somebody waits, and lets her in. */
export async function connect(find: Find, arrived: Arrived): Promise<void> {
	const found = await find(arrived.practice);
	await handled(arrived, { dismissed: false });
	if (found) await admit(found, arrived, await placeOf(found, arrived));
}

/** Shows the dashboard; the notification did its work. */
export async function look(find: Find, arrived: Arrived): Promise<void> {
	const found = await find(arrived.practice);
	await handled(arrived, { dismissed: false });
	if (found) await showPath(found.origin, '/');
}

/** "Not now", on all devices: kept until the server has heard it. */
export async function notNow(
	find: Find,
	practice: string,
	arrivals: readonly Arrived[],
): Promise<void> {
	await keepUnsaid(practice, arrivals);
	for (const one of arrivals) await handled(one, { dismissed: true });
	const found = await find(practice);
	await found?.dismiss(arrivals);
}

/** What the popup and the side panel open: the dashboard, a session, or the call of who waits there. */
export async function open(
	find: Find,
	options: {
		practice: string;
		session?: string | undefined;
		act?: 'connect' | 'remind' | undefined;
		/** Who of those that wait there; without it the first. */
		seat?: string | undefined;
	},
): Promise<void> {
	const { practice, session, act, seat } = options;
	const found = await find(practice);
	if (!found) return;
	if (session === undefined) return showPath(found.origin, '/');
	if (act !== 'connect') return showPath(found.origin, `/sessions/${session}`);
	const waiting = found.waiting(session);
	const meant = seat === undefined ? waiting[0] : waiting.find((one) => one.seat === seat);
	if (meant) return connect(find, meant);
	// A worker that has just started does not know yet who waits: she is shown there, with her button.
	if (seat !== undefined) return admit(found, { session, seat }, undefined);
	return showPath(found.origin, `/call/${session}`);
}
