import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { Played } from '../protocol/acts.ts';
import { Id } from '../protocol/text.ts';
import { usableRecording } from '../recording/access.ts';
import { addOnce } from './often.ts';
import { signedAct } from './signed.ts';

const Params = v.object({ id: Id });
/** What is asked for again and again is written down once in this time. */
const refusedEveryMs = 60_000;
/** And so often in all, so that nobody can push everything else out of sight. */
const refusedMax = 64;

/**
 * Writes down that a member asked for a recording that she may not open, then lets `error` go on: she hears no more
 * than of one that is not there. Throws `error`.
 */
export async function refuse(
	{ store, clock, history }: Context,
	{ member, scope }: Staff,
	{ recording, error }: { recording: string; error: unknown },
): Promise<never> {
	const row =
		error instanceof ServerError && error.code === 'not-found' && scope === 'staff'
			? await store
					.selectFrom('recordings')
					.select('session')
					.where('id', '=', recording)
					.executeTakeFirst()
			: undefined;
	if (!row) throw error;
	await store.transaction().execute(async (db) => {
		const { last, count } = await db
			.selectFrom('history')
			.select((it) => [it.fn.max('at').as('last'), it.fn.countAll<number>().as('count')])
			.where('recording', '=', recording)
			.where('who', '=', member)
			.where('act', '=', 'refused')
			.executeTakeFirstOrThrow();
		if (count >= refusedMax || (last !== null && clock.now() - last < refusedEveryMs)) return;
		await history.add(db, { act: 'refused', who: member, session: row.session, recording });
	});
	throw error;
}

/** /api/recordings/:id/played. */
export function playedRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.post('/recordings/:id/played', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		const { session } = await usableRecording(context, staff, recording);
		const row = { act: 'played', who: staff.member, recording } as const;
		const by = await signedAct(store, bodyOf(Played, request)?.signed, row);
		await store.transaction().execute((db) => addOnce(context, db, { ...row, ...by, session }));
		return reply.code(204).send();
	});
}
