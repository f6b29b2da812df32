import type { Arrival } from '#protocol/presence.ts';

/** One visit of somebody to a waiting room, at one of the practices. */
export interface Arrived extends Arrival {
	readonly practice: string;
}

const mark = 'arrival';

/** The id of its notification: the same on every worker, so that none is shown twice. */
export const idOf = ({ practice, session, seat, since }: Arrived): string =>
	[mark, practice, session, seat, since].join('.');

/** What `idOf` was made of; `undefined` for the id of another notification. */
export function arrivedOf(id: string): Arrived | undefined {
	const [first, practice = '', session = '', seat = '', since = '', ...rest] = id.split('.');
	if (first !== mark || seat === '' || !/^\d+$/.test(since) || rest.length > 0) return undefined;
	return { practice, session, seat, since: Number(since) };
}
