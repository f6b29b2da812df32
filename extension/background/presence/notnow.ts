import type { Arrival } from '#protocol/presence.ts';
import { turnsOf } from '../turns.ts';
import { readUnsaid, writeUnsaid } from './memory.ts';
import { RequestError, send } from './server.ts';

const inTurn = turnsOf();
/** One request says so many at most. */
const atOnce = 64;
const textOf = ({ session, seat, since }: Arrival): string => `${session} ${seat} ${since}`;

/** Keeps a "Not now" until the server has heard it. */
export const keepUnsaid = (practice: string, arrivals: readonly Arrival[]): Promise<void> =>
	inTurn(practice, async () => {
		const more = arrivals.map(({ session, seat, since }) => ({ session, seat, since }));
		const kept = [...(await readUnsaid(practice)), ...more];
		await writeUnsaid(practice, kept.slice(-atOnce));
	});

/** Tells the server what was kept. What it does not hear now is said over the next connection. */
export async function sayUnsaid(options: {
	origin: string;
	practice: string;
	token: () => Promise<string>;
}): Promise<void> {
	const { origin, practice, token } = options;
	const arrivals = await readUnsaid(practice);
	if (arrivals.length === 0) return;
	try {
		const path = '/api/presence/dismissed';
		await send({ origin, path, body: { arrivals }, token: await token() });
	} catch (error) {
		if (!(error instanceof RequestError)) throw error;
		return;
	}
	const said = new Set(arrivals.map(textOf));
	// More may have been kept while the server was being told.
	await inTurn(practice, async () => {
		const left = (await readUnsaid(practice)).filter((one) => !said.has(textOf(one)));
		await writeUnsaid(practice, left);
	});
}
