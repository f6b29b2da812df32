import { Line, waitAt } from './line.ts';
import type { Staff } from './staff.ts';
import { bytesOf, newId } from './wire.ts';

/** The host's page in the call of her session. */
export async function enter(
	maya: Staff,
	session: string,
	seat = newId(),
): Promise<{ line: Line; seat: string }> {
	const line = await maya.line();
	const answer = await line.ask({ type: 'enter', id: newId(), session, seat });
	if (answer.type !== 'done') throw new Error(`not entered: ${JSON.stringify(answer)}`);
	await line.next('room');
	return { line, seat };
}

export const offer = (line: Line, generation: number, seats: string[]) =>
	line.ask({ type: 'epoch', id: newId(), generation, seats, welcome: bytesOf(200) });

/** A host and so many participants, all in epoch 1. */
export async function callOf(maya: Staff, people: number) {
	const { id: session, places } = await maya.session({ places: people });
	const guests = [];
	for (const place of places) guests.push(await waitAt(maya.address, place));
	const host = await enter(maya, session);
	const seats = [host.seat, ...guests.map(({ seat }) => seat)];
	const answer = await offer(host.line, 1, seats);
	if (answer.type !== 'done') throw new Error(`no epoch: ${JSON.stringify(answer)}`);
	for (const { line } of guests) await line.next('epoch');
	return { session, places, host, guests, seats };
}
