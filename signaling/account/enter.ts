import type * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { LoginFinish, SignedIn } from '../protocol/account.ts';
import type { Way } from '../protocol/browsers.ts';
import type { Act } from '../protocol/sessions.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { MemberRow } from '../store/tables.ts';
import { openDevice } from './devices.ts';
import { signedIn } from './members.ts';

const acts: Readonly<Record<Way, Act>> = {
	password: 'signed-in',
	passkey: 'signed-in',
	recovery: 'recovered',
	browser: 'browser-added',
};

/** What a way in was checked against: what the account had of it at that moment. */
export type Against = Partial<Pick<MemberRow, 'opaque_record' | 'account'>>;

/** Throws `login-failed` when the account was changed since: what let in then lets nobody in now. */
async function demandSame(
	db: StoreTransaction,
	{ member, against }: { member: string; against: Against },
): Promise<void> {
	const row = await db
		.selectFrom('members')
		.select(['opaque_record', 'account'])
		.where('id', '=', member)
		.executeTakeFirst();
	const { opaque_record: record = row?.opaque_record, account = row?.account } = against;
	if (!row || row.opaque_record !== record || row.account !== account)
		throw new ServerError('login-failed');
}

/** Lets a member in on a device after she proved herself, or another browser of hers let it in. Throws `login-failed`. */
export async function letIn(
	context: Context,
	options: {
		member: string;
		device: v.InferOutput<typeof LoginFinish>['device'];
		way: Way;
		against?: Against;
	},
): Promise<SignedIn> {
	const { store, clock, history, settings, tokens } = context;
	const { member, device, way, against = {} } = options;
	const answer = await store.transaction().execute(async (db) => {
		await demandSame(db, { member, against });
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
