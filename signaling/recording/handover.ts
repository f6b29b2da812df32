import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { signedAct } from '../history/signed.ts';
import { bodyOf, parse } from '../parse.ts';
import { NewHost } from '../protocol/handovers.ts';
import { Id } from '../protocol/text.ts';
import { close, note } from '../share/rows.ts';
import type { StoreTransaction } from '../store/database.ts';
import { presentRecording, recipientsIn } from './access.ts';
import { checkGrants, insertGrants } from './recordings.ts';

const Params = v.object({ id: Id });
/** Who may host a recording. */
const hosts: ReadonlySet<string> = new Set(['admin', 'supervisor', 'clinician']);

async function activeMember(db: StoreTransaction, id: string) {
	return db
		.selectFrom('members')
		.select('role')
		.where('id', '=', id)
		.where('active', '=', 1)
		.executeTakeFirst();
}

/** Whoever made a share approves its device, and nobody else has the key for it: it would wait until its end. */
async function endWaiting(
	context: Context,
	db: StoreTransaction,
	{ recording, sharer, who }: { recording: string; sharer: string; who: string },
): Promise<number> {
	const rows = await db
		.selectFrom('shares')
		.selectAll()
		.where('recording', '=', recording)
		.where('sharer', '=', sharer)
		.where('way', '=', 'device')
		.where('state', '=', 'open')
		.where('approved', '=', 0)
		.execute();
	for (const row of rows) {
		await close(context, db, { id: row.id, state: 'ended', mail: row.mail });
		await note(context, db, row, { act: 'share-ended', who });
	}
	return rows.length;
}

/** Wraps its keys for the new host, where an admin has them. Throws `bad-request` for a grant of something else. */
async function letIn(
	{ clock, history }: Context,
	db: StoreTransaction,
	options: { recording: string; session: string | null; staff: Staff; wanted: NewHost },
): Promise<void> {
	const { recording, session, staff, wanted } = options;
	const { host, grant, granted } = wanted;
	if (!grant) return;
	if (grant.recipient !== host) throw new ServerError('bad-request');
	await checkGrants(db, { recording, grantor: staff.member, grants: [grant] });
	const known = await recipientsIn({ store: db, clock }, [recording]);
	if (known.get(recording)?.includes(host)) return;
	await insertGrants(db, recording, [grant]);
	const row = { act: 'granted', who: staff.member, recording, about: host } as const;
	await history.add(db, { ...row, ...(await signedAct(db, granted, row)), session });
}

/** Throws as PUT /api/recordings/:id/host says. */
async function handOver(
	context: Context,
	staff: Staff,
	{ recording, wanted }: { recording: string; wanted: NewHost },
): Promise<void> {
	const { store, history } = context;
	const { host, signed } = wanted;
	const ended = await store.transaction().execute(async (db) => {
		const row = await presentRecording(db, recording);
		if (row.host === host) return 0;
		if (row.state !== 'finished' || (await activeMember(db, row.host)))
			throw new ServerError('conflict');
		const to = await activeMember(db, host);
		if (!to || !hosts.has(to.role)) throw new ServerError('bad-request');
		const { session } = row;
		const said = { act: 'handed-over', who: staff.member, recording, about: host } as const;
		await history.add(db, { ...said, ...(await signedAct(db, signed, said)), session });
		await db
			.updateTable('recordings')
			.set({ host, made_by: row.made_by ?? row.host, handover: JSON.stringify(signed) })
			.where('id', '=', recording)
			.execute();
		await letIn(context, db, { recording, session, staff, wanted });
		return endWaiting(context, db, { recording, sharer: row.host, who: staff.member });
	});
	if (ended > 0) await context.shares.scrub();
}

/** /api/recordings/:id/host. */
export function handoverRoutes(app: FastifyInstance, context: Context): void {
	app.put('/recordings/:id/host', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		await handOver(context, staff, { recording, wanted: bodyOf(NewHost, request) });
		context.hub.changed('recordings');
		return reply.code(204).send();
	});
}
