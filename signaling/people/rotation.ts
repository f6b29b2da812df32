import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { keyOf, openRotation } from '../account/rotation.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { RotationConfirmation } from '../protocol/people.ts';
import { SignedRotation } from '../protocol/rotation.ts';
import type { Act } from '../protocol/sessions.ts';
import { Id } from '../protocol/text.ts';
import type { StoreTransaction } from '../store/database.ts';
import { giveKeys, longBody, signOutEverywhere, takeList } from './members.ts';

const Params = v.object({ id: Id });

/** What she signs with these, the list vouches for once an administrator's client has read it. */
const signing: readonly Act[] = ['session-made', 'session-changed', 'session-sealed-again'];

/** Throws `conflict` when she signed what the administrator's client has not read: her new keys would make it unreadable. */
async function demandRead(
	db: StoreTransaction,
	{ id, history }: { id: string; history: number },
): Promise<void> {
	const unread = await db
		.selectFrom('history')
		.select('n')
		.where('n', '>', history)
		.where('who', '=', id)
		.where('act', 'in', signing)
		.executeTakeFirst();
	if (unread) throw new ServerError('conflict');
}

/** Throws `conflict` while a call or a recording of hers goes on: being signed out would cut it. */
async function demandFree({ hub }: Context, db: StoreTransaction, member: string): Promise<void> {
	const live = await db
		.selectFrom('recordings')
		.select('id')
		.where('host', '=', member)
		.where('state', '=', 'live')
		.where('ended_at', 'is', null)
		.where('lost_at', 'is', null)
		.executeTakeFirst();
	if (live || hub.isSeated(member)) throw new ServerError('conflict');
}

/** The whole account is swapped, or nothing is. */
async function confirm(
	context: Context,
	{ id, asked }: { id: string; asked: v.InferOutput<typeof RotationConfirmation> },
): Promise<void> {
	const { store, clock, history } = context;
	const after = await store.transaction().execute(async (db) => {
		const row = await db
			.selectFrom('rotations')
			.selectAll()
			.where('member', '=', id)
			.where('expires_at', '>', clock.now())
			.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		const rotation = stored(SignedRotation, row.rotation);
		// What the admin's client has looked at, and not a later one.
		if (rotation.signature !== asked.signature) throw new ServerError('conflict');
		await demandFree(context, db, id);
		await demandRead(db, { id, history: asked.history });
		const { to } = openRotation(rotation, await keyOf(db, id));
		const { numUpdatedRows } = await db
			.updateTable('members')
			.set({
				public_identity: JSON.stringify(to),
				opaque_record: row.registration_record,
				account: row.account,
				keys: asked.keys,
			})
			.where('id', '=', id)
			.where('active', '=', 1)
			.executeTakeFirst();
		if (numUpdatedRows === 0n) throw new ServerError('conflict');
		await giveKeys(db, asked.others);
		await takeList(db, asked.memberList);
		await history.add(db, { act: 'keys-changed', who: id });
		return signOutEverywhere(context, db, id);
	});
	after();
}

/** /api/people/:id/rotation: the last step of a member's own new keys. */
export function confirmRotationRoutes(app: FastifyInstance, context: Context): void {
	const { hub } = context;
	app.post('/people/:id/rotation', longBody(context), async (request, reply) => {
		await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await confirm(context, { id, asked: bodyOf(RotationConfirmation, request) });
		hub.changed('members');
		return reply.code(204).send();
	});
}
