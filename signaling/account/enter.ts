import type * as v from 'valibot';
import type { Context } from '../context.ts';
import type { LoginFinish, SignedIn } from '../protocol/account.ts';
import type { Way } from '../protocol/browsers.ts';
import type { Act } from '../protocol/sessions.ts';
import { openDevice } from './devices.ts';
import { signedIn } from './members.ts';

const acts: Readonly<Record<Way, Act>> = {
	password: 'signed-in',
	passkey: 'signed-in',
	recovery: 'recovered',
	browser: 'browser-added',
};

/** Lets a member in on a device after she proved herself, or another browser of hers let it in. */
export async function letIn(
	context: Context,
	options: {
		member: string;
		device: v.InferOutput<typeof LoginFinish>['device'];
		way: Way;
	},
): Promise<SignedIn> {
	const { store, clock, history, settings, tokens } = context;
	const { member, device, way } = options;
	const answer = await store.transaction().execute(async (db) => {
		const opened = await openDevice(db, { member, device, way, clock });
		// What an older login of this device was given ends here.
		tokens.revoke(opened.device);
		await history.add(db, { act: acts[way], who: member });
		return signedIn(db, { member, opened, idleMs: settings.idleMs });
	});
	// Who was let in by another browser has walked no way in here, so changes none.
	if (way !== 'browser') tokens.prove(answer.device);
	return answer;
}
