import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { signedAct } from '../history/signed.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { Grant, type MemberGrants, NewGrant } from '../protocol/recordings.ts';
import { Id } from '../protocol/text.ts';
import { presentRecording, recipientIds, recipientsIn, usableRecording } from './access.ts';
import { demandOwn, isAgain } from './again.ts';
import { demandReason } from './openings.ts';
import { checkGrants, insertGrants } from './recordings.ts';

const Params = v.object({ id: Id });
const Recipient = v.object({ id: Id, recipient: Id });
/** Who lets others open what she can open herself, besides the host. */
const sharers = new Set(['admin', 'supervisor']);

/** Recordings in one page. */
const pageMax = 100;
const After = v.object({ after: v.optional(Id) });

async function grantsOfMember(
	context: Context,
	staff: Staff,
	{ member, after }: { member: string; after: string | undefined },
): Promise<MemberGrants> {
	const { store, clock } = context;
	const mine = await recipientIds(store, staff);
	// Her own are told whatever comes of the recording: her old keys have to be kept for them.
	const states =
		member === staff.member ? (['live', 'finished'] as const) : (['finished'] as const);
	const inForce = () =>
		store
			.selectFrom('grants')
			.innerJoin('recordings', 'recordings.id', 'grants.recording')
			.where('grants.recipient', '=', member)
			.where('recordings.state', 'in', states)
			.where((it) =>
				it.or([it('grants.expires_at', 'is', null), it('grants.expires_at', '>', clock.now())]),
			);
	const recordings = await inForce()
		.select('grants.recording as id')
		.distinct()
		.where('grants.recording', '>', after ?? '')
		.where((it) => {
			const hosted = it('recordings.host', '=', staff.member);
			if (member === staff.member) return it.lit(true);
			if (!sharers.has(staff.role)) return hosted;
			const own = it
				.selectFrom('grants as own')
				.select('own.recording')
				.where('own.recipient', 'in', mine);
			return it.or([hosted, it('recordings.id', 'in', own)]);
		})
		.orderBy('grants.recording')
		.limit(pageMax + 1)
		.execute();
	const page = recordings.slice(0, pageMax).map(({ id }) => id);
	if (page.length === 0) return { grants: [], more: false };
	const rows = await inForce()
		.select('grants.content')
		.where('grants.recording', 'in', page)
		.orderBy('grants.recording')
		.orderBy('grants.id')
		.execute();
	const grants = rows.map(({ content }) => stored(Grant, content));
	return { grants, more: recordings.length > pageMax };
}

/** Who could open it opens it no more; false when she could not. Throws `forbidden` for its host and the practice's key. */
async function endGrant(
	{ store, clock, history }: Context,
	staff: Staff,
	options: { recording: string; recipient: string },
): Promise<boolean> {
	const { recording, recipient } = options;
	return store.transaction().execute(async (db) => {
		const { host, session } = await presentRecording(db, recording);
		if (host !== staff.member && !sharers.has(staff.role)) throw new ServerError('forbidden');
		const practice = await db.selectFrom('practice').select('id').executeTakeFirst();
		// Without them nobody would be left who answers for it.
		if (recipient === host || recipient === practice?.id) throw new ServerError('forbidden');
		const known = await recipientsIn({ store: db, clock }, [recording]);
		await db
			.deleteFrom('grants')
			.where('recording', '=', recording)
			.where('recipient', '=', recipient)
			.execute();
		if (!known.get(recording)?.includes(recipient)) return false;
		const row = { session, recording, about: recipient };
		await history.add(db, { act: 'access-ended', who: staff.member, ...row });
		return true;
	});
}

/** /api/recordings/:id/grants, /api/people/:id/grants. */
export function grantRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub, history } = context;
	app.get('/people/:id/grants', async (request) => {
		const staff = await staffOf(context, request);
		const { id: member } = parse(Params, request.params);
		const { after } = parse(After, request.query);
		return grantsOfMember(context, staff, { member, after });
	});
	app.post('/recordings/:id/grants', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const opened = await usableRecording(context, staff, id);
		const { host, session, state } = opened;
		const { grant, replaces, signed } = bodyOf(NewGrant, request);
		const { recipient } = grant;
		// For new keys of her own she wraps what she can open herself.
		const again = await isAgain(context, { grant, replaces });
		const own = recipient === staff.member && replaces.length > 0;
		if (host !== staff.member && !sharers.has(staff.role) && !(own && again))
			throw new ServerError('forbidden');
		if (state !== 'finished' || (own && !again)) throw new ServerError('conflict');
		if (own) await demandOwn(context, staff.member, { grant, replaces });
		// Who says why before she opens what is not hers says so before somebody else opens it.
		if (recipient !== host && !again) await demandReason(context, staff, opened);
		await store.transaction().execute(async (db) => {
			const active = await db
				.selectFrom('members')
				.select('id')
				.where('id', '=', recipient)
				.where('active', '=', 1)
				.executeTakeFirst();
			if (!active) throw new ServerError('bad-request');
			await checkGrants(db, { recording: id, grantor: staff.member, grants: [grant] });
			if (replaces.length > 0)
				await db
					.deleteFrom('grants')
					.where('recording', '=', id)
					.where('recipient', '=', recipient)
					.where('id', 'in', replaces)
					.execute();
			const known = await recipientsIn({ store: db, clock: context.clock }, [id]);
			if (known.get(id)?.includes(recipient)) throw new ServerError('conflict');
			await insertGrants(db, id, [grant]);
			const row = { act: 'granted', who: staff.member, recording: id, about: recipient } as const;
			await history.add(db, { ...row, ...(await signedAct(db, signed, row)), session });
		});
		hub.changed('recordings');
		return reply.code(204).send();
	});
	app.delete('/recordings/:id/grants/:recipient', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id: recording, recipient } = parse(Recipient, request.params);
		await usableRecording(context, staff, recording);
		const at = context.clock.now();
		if (await endGrant(context, staff, { recording, recipient })) {
			// A backup of before still has the grant.
			await context.tombstones.add({ what: 'access', of: recording, recipient, at });
			hub.changed('recordings');
		}
		return reply.code(204).send();
	});
}
