import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { memberByEmail, memberOf, practiceOf } from '../account/members.ts';
import { waitingRotations } from '../account/rotation.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { sizeOf } from '../history/ledger.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { forgetDevicesOf } from '../presence/devices.ts';
import { limits } from '../protocol/limits.ts';
import {
	Confirmation,
	InvitationFinish,
	type Invited,
	MemberChange,
	type People,
} from '../protocol/people.ts';
import { Id, type SignedList } from '../protocol/text.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { InvitationRow } from '../store/tables.ts';
import { replaceList } from './list.ts';

const Params = v.object({ id: Id });
const Registration = v.omit(InvitationFinish, ['proof']);
type List = v.InferOutput<typeof SignedList>;

function invitedOf(row: InvitationRow): Invited {
	const { id, email, role, member, expires_at: expiresAt, proof_hash: proofHash } = row;
	const kept = row.registration === null ? null : stored(Registration, row.registration);
	const registration = kept && { member: kept.member, mac: kept.mac };
	return { id, email, role, expiresAt, proofHash, member, registration };
}

async function readPeople(context: Context, staff: Staff): Promise<People> {
	const { store, clock } = context;
	const history = await sizeOf(store);
	const { memberList } = await practiceOf(store);
	const rows = await store.selectFrom('members').selectAll().orderBy('created_at').execute();
	const members = rows.map((row) => ({ ...memberOf(row), active: row.active === 1 }));
	const told = { members, memberList, history };
	if (staff.role !== 'admin') return { ...told, invitations: [], rotations: [] };
	const now = clock.now();
	const invitations = await store
		.selectFrom('invitations')
		.selectAll()
		.where((it) =>
			it.or([
				it('state', '=', 'waiting'),
				it.and([it('state', '=', 'open'), it('expires_at', '>', now)]),
			]),
		)
		.orderBy('created_at')
		.execute();
	const rotations = await waitingRotations(context);
	return { ...told, invitations: invitations.map(invitedOf), rotations };
}

/**
 * Takes a newer list that says the same as the rows do by now. Throws `conflict` when it does not, and when
 * no admin would be left.
 */
export async function takeList(db: StoreTransaction, list: List): Promise<void> {
	const listed = await replaceList(db, list);
	const rows = await db
		.selectFrom('members')
		.select(['id', 'role'])
		.where('active', '=', 1)
		.execute();
	const same = listed.size === rows.length && rows.every(({ id, role }) => listed.get(id) === role);
	if (!same || rows.every(({ role }) => role !== 'admin')) throw new ServerError('conflict');
}

/** Ends the tokens and sockets of a member, who may come back with what she is now. Gives what to do after the commit. */
async function dropOpen(
	{ tokens, hub }: Context,
	db: StoreTransaction,
	member: string,
): Promise<() => void> {
	const devices = await db
		.selectFrom('devices')
		.select('id')
		.where('member', '=', member)
		.execute();
	const extensions = await db
		.selectFrom('presence_devices')
		.select('id')
		.where('member', '=', member)
		.execute();
	return () => {
		for (const { id } of [...devices, ...extensions]) {
			tokens.revoke(id);
			hub.dropDevice(id, { evenInCall: true });
		}
	};
}

/** As `dropOpen`, and her devices, her extensions and her wish for new keys are forgotten. */
export async function signOutEverywhere(
	context: Context,
	db: StoreTransaction,
	member: string,
): Promise<() => void> {
	const after = await dropOpen(context, db, member);
	await db.deleteFrom('devices').where('member', '=', member).execute();
	await forgetDevicesOf(context, db, member);
	await db.deleteFrom('rotations').where('member', '=', member).execute();
	return after;
}

/** Gives members the practice's new keys. Throws `bad-request` for who is no active member. */
export async function giveKeys(
	db: StoreTransaction,
	others: v.InferOutput<typeof Confirmation>['others'],
): Promise<void> {
	for (const { member, keys } of others) {
		const { numUpdatedRows } = await db
			.updateTable('members')
			.set({ keys })
			.where('id', '=', member)
			.where('active', '=', 1)
			.executeTakeFirst();
		if (numUpdatedRows === 0n) throw new ServerError('bad-request');
	}
}

/** Makes the member of a registration, or gives the member who lost her keys the new ones. */
async function admit(
	context: Context,
	db: StoreTransaction,
	options: { row: InvitationRow; keys: string | null },
): Promise<() => void> {
	const { row, keys } = options;
	if (row.registration === null) throw new ServerError('conflict');
	const { member, registrationRecord, account } = stored(Registration, row.registration);
	const values = {
		name: member.name,
		role: member.role,
		public_identity: JSON.stringify(member.publicIdentity),
		opaque_record: registrationRecord,
		account: JSON.stringify(account),
		active: 1,
		keys,
	};
	const known = await memberByEmail(db, member.email);
	if (known?.id !== (row.member ?? undefined)) throw new ServerError('conflict');
	if (!known) {
		const { id, email } = member;
		const made = { id, email, created_at: context.clock.now() };
		await db
			.insertInto('members')
			.values({ ...values, ...made })
			.execute();
		return () => {};
	}
	await db.updateTable('members').set(values).where('id', '=', known.id).execute();
	await context.history.add(db, { act: 'keys-changed', who: known.id });
	return signOutEverywhere(context, db, known.id);
}

async function confirm(
	context: Context,
	staff: Staff,
	options: { id: string; asked: v.InferOutput<typeof Confirmation> },
): Promise<void> {
	const { store, history } = context;
	const { id, asked } = options;
	const after = await store.transaction().execute(async (db) => {
		const row = await db
			.selectFrom('invitations')
			.selectAll()
			.where('id', '=', id)
			.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		if (row.state !== 'waiting') throw new ServerError('conflict');
		const ended = await admit(context, db, { row, keys: asked.keys });
		await giveKeys(db, asked.others);
		await takeList(db, asked.memberList);
		await db
			.updateTable('invitations')
			.set({ state: 'confirmed', registration: null })
			.where('id', '=', id)
			.execute();
		await history.add(db, { act: 'colleague-confirmed', who: staff.member });
		return ended;
	});
	after();
}

async function change(
	context: Context,
	staff: Staff,
	options: { id: string; asked: v.InferOutput<typeof MemberChange> },
): Promise<void> {
	const { store, history } = context;
	const { id, asked } = options;
	const { role, active, keys } = asked;
	const after = await store.transaction().execute(async (db) => {
		const row = await db
			.selectFrom('members')
			.select('active')
			.where('id', '=', id)
			.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		// Who was deactivated comes back by an invitation only, with new keys.
		if (active && row.active === 0) throw new ServerError('conflict');
		await db
			.updateTable('members')
			.set({ role, active: active ? 1 : 0, keys })
			.where('id', '=', id)
			.execute();
		await giveKeys(db, asked.others);
		await takeList(db, asked.memberList);
		const act = active ? 'role-changed' : 'colleague-deactivated';
		await history.add(db, { act, who: staff.member });
		return active ? dropOpen(context, db, id) : signOutEverywhere(context, db, id);
	});
	after();
}

/** For a request with a member list, which is long: nobody sends so much before she has shown who she is. */
export const longBody = (context: Context) => ({
	bodyLimit: limits.listRequestBytes,
	onRequest: async (request: FastifyRequest) => void (await staffOf(context, request)),
});

/** /api/people, and the last step of an invitation. */
export function memberRoutes(app: FastifyInstance, context: Context): void {
	const { hub } = context;
	app.get('/people', async (request) => readPeople(context, await staffOf(context, request)));
	app.post('/invitations/:id/confirm', longBody(context), async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await confirm(context, staff, { id, asked: bodyOf(Confirmation, request) });
		hub.changed('members');
		return reply.code(204).send();
	});
	app.put('/people/:id', longBody(context), async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await change(context, staff, { id, asked: bodyOf(MemberChange, request) });
		hub.changed('members');
		return reply.code(204).send();
	});
}
