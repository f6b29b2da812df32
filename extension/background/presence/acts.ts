import type { Arrived } from './arrivals.ts';
import { showPath } from './dashboard.ts';
import { handled } from './notify.ts';
import { keepUnsaid } from './notnow.ts';
import type { Practice } from './practice.ts';

/** A practice that this browser is paired with. */
export type Find = (practice: string) => Promise<Practice | undefined>;

/** Opens the session in which somebody waits, and lets her in. */
export async function connect(find: Find, arrived: Arrived): Promise<void> {
	const { practice, session, seat } = arrived;
	const found = await find(practice);
	await handled(arrived, { dismissed: false });
	if (found) await showPath(found.origin, `/call/${session}?connect=${seat}`);
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
	},
): Promise<void> {
	const { practice, session, act } = options;
	const found = await find(practice);
	if (!found) return;
	const [first] = session !== undefined && act === 'connect' ? found.waiting(session) : [];
	if (first) return connect(find, first);
	if (session === undefined) return showPath(found.origin, '/');
	const page = act === 'connect' ? 'call' : 'sessions';
	return showPath(found.origin, `/${page}/${session}`);
}
