import type { ConnectAnswer } from '#protocol/connect.ts';
import type { Seat } from '#protocol/socket.ts';

/** Somebody at the door as she was shown to the host, who clicked on Connect. */
export interface Clicked {
	readonly session: string;
	readonly seat: string;
	readonly knock: Seat['knock'];
}

let last: Clicked | undefined;

/**
 * Said by a page that shows who waits, just before it leads to the call. It is kept in this page's memory and
 * not in the address: anybody can make an address.
 */
export function clicked(one: Clicked): void {
	last = one;
}

/** Whom the host clicked on to come to this session; said once. */
export function takeClicked(session: string): Clicked | undefined {
	const one = last;
	last = undefined;
	return one?.session === session ? one : undefined;
}

/** Whether a click in the extension was for who is at the seat now: the server says who sits there, to each anew. */
export const isMeant = (
	answer: ConnectAnswer | undefined,
	{ place }: Pick<Seat, 'place'>,
): boolean => answer?.clicked === true && answer.place !== undefined && answer.place === place;

/** Whether nothing was changed in what somebody knocked with. */
export const sameKnock = (a: Seat['knock'], b: Seat['knock']): boolean =>
	a?.keyPackage === b?.keyPackage && a?.sealed === b?.sealed && a?.proof === b?.proof;
