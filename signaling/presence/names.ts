import type * as v from 'valibot';
import type { PresenceNames } from '../protocol/presence.ts';
import type { StoreTransaction } from '../store/database.ts';

/** Keeps what the host sealed to her extensions; gives those that got something. */
export async function putNames(
	db: StoreTransaction,
	{ member, names }: { member: string } & v.InferOutput<typeof PresenceNames>,
): Promise<ReadonlySet<string>> {
	const devices = await db
		.selectFrom('presence_devices')
		.select('id')
		.where('member', '=', member)
		.execute();
	const sessions = await db
		.selectFrom('sessions')
		.select('id')
		.where('host', '=', member)
		.where('state', '!=', 'ended')
		.where('id', 'in', [...new Set(names.map(({ session }) => session))])
		.execute();
	const hers = new Set([...devices, ...sessions].map(({ id }) => id));
	const meant = names.filter(({ device, session }) => hers.has(device) && hers.has(session));
	for (const { device, session, sealed } of meant)
		await db
			.insertInto('presence_names')
			.values({ device, session, sealed })
			.onConflict((it) => it.columns(['device', 'session']).doUpdateSet({ sealed }))
			.execute();
	return new Set(meant.map(({ device }) => device));
}

/** A session is over: nobody waits for it, so nobody has to be named. */
export async function erasePresence(db: StoreTransaction, session: string): Promise<void> {
	await db.deleteFrom('presence_names').where('session', '=', session).execute();
	await db.deleteFrom('dismissals').where('session', '=', session).execute();
}
