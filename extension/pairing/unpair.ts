import { unpin } from '../background/pins/check.ts';
import { RequestError, send } from '../background/presence/server.ts';
import { Tokens } from '../background/presence/tokens.ts';
import { type Pairing, forgetPairing, listPairings, readPairing } from './store.ts';

/** Takes this extension off the practice's list; false when nobody could be told. */
async function leave(pairing: Pairing): Promise<boolean> {
	const { origin, device } = pairing;
	try {
		const token = await new Tokens(pairing).get();
		await send({ origin, path: `/api/presence/devices/${device}`, token, method: 'DELETE' });
		return true;
	} catch (error) {
		// Otherwise it stays on the list until somebody removes it there; nobody has its keys any more.
		if (error instanceof RequestError) return error.code === 'not-found';
		throw error;
	}
}

/** Forgets a practice with its keys, also when its server does not answer: then it is false, and the list has it still. */
export async function unpair(practice: string): Promise<boolean> {
	const pairing = await readPairing(practice);
	if (!pairing) return true;
	const left = leave(pairing);
	await forgetPairing(practice);
	// What held its pages could be taken off nowhere any more.
	const others = await listPairings();
	if (others.every(({ origin }) => origin !== pairing.origin)) await unpin(pairing.origin);
	return left;
}
