import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { type DisclosureRecord, NewDisclosure } from '../protocol/disclosures.ts';
import { Id } from '../protocol/text.ts';
import { usableRecording } from '../recording/access.ts';
import { Span } from '../session/sessions.ts';

const Params = v.object({ id: Id });
const disclosuresMax = 10_000;

/** /api/recordings/:id/disclosures, /api/disclosures: to whom something was given. */
export function disclosureRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, history } = context;
	app.post('/recordings/:id/disclosures', async (request, reply) => {
		const { member, ...staff } = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		const { session } = await usableRecording(context, { ...staff, member }, recording);
		const { id, act, sealed } = bodyOf(NewDisclosure, request);
		await store.transaction().execute(async (db) => {
			const known = await db
				.selectFrom('disclosures')
				.select(['recording', 'member', 'act', 'sealed'])
				.where('id', '=', id)
				.executeTakeFirst();
			if (known) {
				const same =
					known.recording === recording &&
					known.member === member &&
					known.act === act &&
					known.sealed === sealed;
				if (!same) throw new ServerError('conflict');
				return;
			}
			const row = { id, at: clock.now(), member, act, recording, session, sealed };
			await db.insertInto('disclosures').values(row).execute();
			// What is shared is in the history already: the share says it itself.
			if (act === 'exported')
				await history.add(db, { act, who: member, session, recording, about: id });
		});
		return reply.code(204).send();
	});
	app.get('/disclosures', async (request): Promise<{ disclosures: DisclosureRecord[] }> => {
		await staffOf(context, request);
		const { from, to } = parse(Span, request.query);
		const disclosures = await store
			.selectFrom('disclosures')
			.selectAll()
			.where('at', '>=', from)
			.where('at', '<=', to)
			.orderBy('at', 'desc')
			.limit(disclosuresMax)
			.execute();
		return { disclosures };
	});
}
