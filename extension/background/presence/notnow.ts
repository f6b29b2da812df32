import type { Arrival } from '#protocol/presence.ts';
import { turns } from '../turns.ts';
import { readUnsaid, writeUnsaid } from './memory.ts';
import { RequestError, send } from './server.ts';

const inTurn = turns();
/** One request says so many at most. */
const atOnce = 64;

/** Keeps a "Not now" until the server has heard it. */
export const keepUnsaid = (practice: string, arrivals: readonly Arrival[]): Promise<void> =>
	inTurn(async () => {
		const unsaid = await readUnsaid();
		const more = arrivals.map(({ session, seat, since }) => ({ session, seat, since }));
		const kept = [...(unsaid[practice] ?? []), ...more];
		await writeUnsaid({ ...unsaid, [practice]: kept.slice(-atOnce) });
	});

/** Tells the server what was kept. What it does not hear now is said over the next connection. */
export const sayUnsaid = (options: {
	origin: string;
	practice: string;
	token: () => Promise<string>;
}): Promise<void> =>
	inTurn(async () => {
		const { origin, practice, token } = options;
		const { [practice]: arrivals = [], ...others } = await readUnsaid();
		if (arrivals.length === 0) return;
		try {
			await send({
				origin,
				path: '/api/presence/dismissed',
				body: { arrivals },
				token: await token(),
			});
		} catch (error) {
			if (!(error instanceof RequestError)) throw error;
			return;
		}
		await writeUnsaid(others);
	});
