import type * as v from 'valibot';
import type { Context } from '../context.ts';
import type { LoginFinish, SignedIn } from '../protocol/account.ts';
import { openDevice } from './devices.ts';
import { signedIn } from './members.ts';

/** Lets a member in on a device after she proved herself. */
export async function letIn(
	context: Context,
	options: {
		member: string;
		device: v.InferOutput<typeof LoginFinish>['device'];
		act: 'signed-in' | 'recovered';
	},
): Promise<SignedIn> {
	const { store, clock, history, settings, tokens } = context;
	const { member, device, act } = options;
	const answer = await store.transaction().execute(async (db) => {
		const opened = await openDevice(db, { member, device, clock });
		// What an older login of this device was given ends here.
		tokens.revoke(opened.device);
		await history.add(db, { act, who: member });
		return signedIn(db, { member, opened, idleMs: settings.idleMs });
	});
	tokens.prove(answer.device);
	return answer;
}
