import { turns } from '../turns.ts';
import { readInCalls, writeInCalls } from './memory.ts';

const inTurn = turns();

/** A practice that is connected is looked at every half a minute; one that says nothing for so long is believed no more. */
const holdsMs = 90_000;

/**
 * Whether the member is in a call at any practice, from what this one says now and the others said last. A
 * server that goes away in a call never says that it is over.
 */
export const isInCall = ({
	practice,
	inCall,
}: {
	practice: string;
	inCall: boolean;
}): Promise<boolean> =>
	inTurn(async () => {
		const now = Date.now();
		const before = await readInCalls();
		// The clock may have been set either way.
		const after = new Map([...before].filter(([, at]) => Math.abs(now - at) < holdsMs));
		if (inCall) after.set(practice, now);
		else after.delete(practice);
		if (inCall || after.size !== before.size) await writeInCalls(after);
		return after.size > 0;
	});
