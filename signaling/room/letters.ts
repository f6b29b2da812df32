import { prepared } from '../store/prepared.ts';
import type { Connection } from './connection.ts';
import type { Seat } from './room.ts';
import type { Change } from './turns.ts';

/** Bodies that a seat gets before it has acknowledged any: less than what may wait on a socket. */
const lettersAtOnce = 32;

const lettersAfter = prepared((db) =>
	db
		.selectFrom('relay')
		.select(['n', 'from_seat', 'body'])
		.where('to_seat', '=', '')
		.where('n', '>', 0)
		.where('body', 'is not', null)
		.orderBy('n')
		.limit(lettersAtOnce),
);

/** Sends a seat's socket the next bodies that it has not been sent; more follow when it acknowledges. */
export async function sendLetters(
	change: Change,
	seat: Seat,
	connection: Connection,
): Promise<void> {
	const acknowledged = seat.n - seat.pending;
	const free = lettersAtOnce - Math.max(0, seat.sent - acknowledged);
	// As many as were acknowledged: who reads slowly gets no more than fits on her socket.
	if (free <= 0) return;
	const { rows } =
		seat.pending === 0 ? { rows: [] } : await lettersAfter(change.db, seat.id, seat.sent, free);
	const last = rows.length < free ? seat.n : (rows.at(-1)?.n ?? seat.n);
	change.onCommit(() => {
		if (seat.connection !== connection) return;
		for (const { n, from_seat: from, body } of rows)
			if (body !== null && n > seat.sent) connection.send({ type: 'relay', n, from, body });
		seat.sent = Math.max(seat.sent, last);
	});
}

/** Sends one body that was just written, unless earlier ones must go before it. */
export function sendLetter(
	change: Change,
	seat: Seat,
	letter: { n: number; from: string; body: string },
): void {
	change.onCommit(() => {
		if (!seat.connection || seat.sent !== letter.n - 1) return;
		seat.connection.send({ type: 'relay', ...letter });
		seat.sent = letter.n;
	});
}
