import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { memberByEmail, practiceOf } from '../account/members.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { countTry, staffOf } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { limits } from '../protocol/limits.ts';
import {
	InvitationFinish,
	InvitationProof,
	InvitationStart,
	type InvitationView,
	NewInvitation,
} from '../protocol/people.ts';
import { Id, PublicIdentity } from '../protocol/text.ts';
import { sameText, tokenHash } from '../random.ts';
import type { InvitationRow } from '../store/tables.ts';

const Params = v.object({ id: Id });

/** Invitations that may be open at once: each is a way in. */
const openMax = 100;

/** An invitation whose secret the asker knows. Throws `not-found` for everybody else, and when it expired. */
async function shown(
	context: Context,
	request: FastifyRequest,
	proof: string,
): Promise<InvitationRow> {
	const { id } = parse(Params, request.params);
	const row = await context.store
		.selectFrom('invitations')
		.selectAll()
		.where('id', '=', id)
		.executeTakeFirst();
	if (!row || !sameText(tokenHash(proof), row.proof_hash)) {
		// Sign-in counts on the same address: who has the link does not use it up.
		countTry(context, request);
		throw new ServerError('not-found');
	}
	if (row.state === 'open' && row.expires_at <= context.clock.now())
		throw new ServerError('not-found');
	return row;
}

/** The Ed25519 key of this member, if there is one. */
async function keyOfMember(store: Context['store'], id: string): Promise<string | undefined> {
	const row = await store
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', id)
		.executeTakeFirst();
	return row && stored(PublicIdentity, row.public_identity).ed25519;
}

function acceptRoutes(app: FastifyInstance, context: Context): void {
	const { store, opaque, history, hub } = context;
	app.post('/invitations/:id/look', async (request): Promise<InvitationView> => {
		const row = await shown(context, request, bodyOf(InvitationProof, request).proof);
		const { id, name, publicKey } = await practiceOf(store);
		const { email, role, member, state } = row;
		const keys = { publicKey, serverKey: opaque.publicKey };
		return { practice: name, practiceId: id, ...keys, email, role, member, state };
	});
	app.post('/invitations/:id/start', async (request) => {
		const { proof, registrationRequest } = bodyOf(InvitationStart, request);
		const { email, state } = await shown(context, request, proof);
		if (state !== 'open') throw new ServerError('conflict');
		return {
			registrationResponse: opaque.register(email, registrationRequest),
			serverKey: opaque.publicKey,
		};
	});
	app.post('/invitations/:id/finish', async (request, reply) => {
		const { proof, member, registrationRecord, account, mac } = bodyOf(InvitationFinish, request);
		const invitation = await shown(context, request, proof);
		const { id, email, role } = invitation;
		const fits = member.email === email && member.role === role;
		if (!fits || (invitation.member ?? member.id) !== member.id)
			throw new ServerError('bad-request');
		// The practice's id names its key where members are named by theirs.
		if (member.id === (await practiceOf(store)).id) throw new ServerError('bad-request');
		const before = await keyOfMember(store, member.id);
		if (invitation.member === null && before !== undefined) throw new ServerError('conflict');
		// Who comes back does so with new keys.
		if (before === member.publicIdentity.ed25519) throw new ServerError('bad-request');
		const registration = JSON.stringify({ member, registrationRecord, account, mac });
		await store.transaction().execute(async (db) => {
			const { numUpdatedRows } = await db
				.updateTable('invitations')
				.set({ state: 'waiting', registration })
				.where('id', '=', id)
				.where('state', '=', 'open')
				.executeTakeFirst();
			if (numUpdatedRows === 0n) throw new ServerError('conflict');
			await history.add(db, { act: 'colleague-joined', who: member.id });
		});
		hub.changed('members');
		return reply.code(204).send();
	});
}

async function invite(context: Context, by: string, asked: v.InferOutput<typeof NewInvitation>) {
	const { store, clock, history } = context;
	const now = clock.now();
	if (asked.expiresAt <= now) throw new ServerError('bad-request');
	await store.transaction().execute(async (db) => {
		await db
			.deleteFrom('invitations')
			.where('state', '=', 'open')
			.where('expires_at', '<=', now)
			.execute();
		const known = await db
			.selectFrom('invitations')
			.select(['id', 'email', 'state', 'member'])
			.where((it) => it.or([it('id', '=', asked.id), it('state', '!=', 'confirmed')]))
			.execute();
		if (known.some(({ id, email }) => id === asked.id || email === asked.email))
			throw new ServerError('conflict');
		if (known.length >= openMax) throw new ServerError('over-limit');
		const member = await memberByEmail(db, asked.email);
		if (asked.member !== undefined && asked.member !== (member?.id ?? null))
			throw new ServerError('conflict');
		if (!member?.active) {
			const { members } = await db
				.selectFrom('members')
				.select((it) => it.fn.countAll<number>().as('members'))
				.where('active', '=', 1)
				.executeTakeFirstOrThrow();
			const coming = known.filter((one) => one.member === null).length;
			if (members + coming >= limits.practiceMembersMax) throw new ServerError('over-limit');
		}
		await db
			.insertInto('invitations')
			.values({
				id: asked.id,
				email: asked.email,
				role: asked.role,
				member: member?.id ?? null,
				proof_hash: tokenHash(asked.proof),
				state: 'open',
				registration: null,
				created_at: now,
				expires_at: asked.expiresAt,
			})
			.execute();
		await history.add(db, { act: 'colleague-invited', who: by });
	});
}

/** /api/invitations: how somebody becomes a member, up to what an admin's client has to confirm. */
export function invitationRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub } = context;
	acceptRoutes(app, context);
	app.post('/invitations', async (request, reply) => {
		const { member } = await staffOf(context, request);
		await invite(context, member, bodyOf(NewInvitation, request));
		hub.changed('members');
		return reply.code(201).send();
	});
	app.delete('/invitations/:id', async (request, reply) => {
		await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const { numDeletedRows } = await store
			.deleteFrom('invitations')
			.where('id', '=', id)
			.where('state', '!=', 'confirmed')
			.executeTakeFirst();
		if (numDeletedRows === 0n) throw new ServerError('not-found');
		hub.changed('members');
		return reply.code(204).send();
	});
}
