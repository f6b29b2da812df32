import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { NewGrant } from '../protocol/recordings.ts';
import { Id } from '../protocol/text.ts';
import { recipientsIn, usableRecording } from './access.ts';
import { checkGrants, insertGrants } from './recordings.ts';

const Params = v.object({ id: Id });
/** Who lets others open what she can open herself, besides the host. */
const sharers = new Set(['admin', 'supervisor']);

/** /api/recordings/:id/grants. */
export function grantRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub, history } = context;
	app.post('/recordings/:id/grants', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const { host, session, state } = await usableRecording(context, staff, id);
		if (host !== staff.member && !sharers.has(staff.role)) throw new ServerError('forbidden');
		const { grant } = bodyOf(NewGrant, request);
		const { recipient } = grant;
		if (state !== 'finished') throw new ServerError('conflict');
		await store.transaction().execute(async (db) => {
			const active = await db
				.selectFrom('members')
				.select('id')
				.where('id', '=', recipient)
				.where('active', '=', 1)
				.executeTakeFirst();
			if (!active) throw new ServerError('bad-request');
			await checkGrants(db, { recording: id, grantor: staff.member, grants: [grant] });
			const known = await recipientsIn({ store: db, clock: context.clock }, [id]);
			if (known.get(id)?.includes(recipient)) throw new ServerError('conflict');
			await insertGrants(db, id, [grant]);
			await history.add(db, { act: 'granted', who: staff.member, session, recording: id });
		});
		hub.changed('recordings');
		return reply.code(204).send();
	});
}
