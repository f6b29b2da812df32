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
import type { StoreTransaction } from '../store/database.ts';
import type { DisclosureRow } from '../store/rows/requests.ts';

const Params = v.object({ id: Id });
const disclosuresMax = 10_000;

/**
 * Writes down that something is given to somebody outside, in the transaction that lets it go. Gives whether it is new.
 * Throws `conflict` when another one has its id.
 */
export async function addDisclosure(db: StoreTransaction, row: DisclosureRow): Promise<boolean> {
	const known = await db
		.selectFrom('disclosures')
		.selectAll()
		.where('id', '=', row.id)
		.executeTakeFirst();
	if (!known) {
		await db.insertInto('disclosures').values(row).execute();
		return true;
	}
	const { recording, member, act, sealed } = known;
	const same =
		recording === row.recording &&
		member === row.member &&
		act === row.act &&
		sealed === row.sealed;
	if (!same) throw new ServerError('conflict');
	return false;
}

/** /api/recordings/:id/disclosures, /api/disclosures: to whom something was given. */
export function disclosureRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, history } = context;
	app.post('/recordings/:id/disclosures', async (request, reply) => {
		const { member, ...staff } = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		const { session } = await usableRecording(context, { ...staff, member }, recording);
		const { id, act, sealed } = bodyOf(NewDisclosure, request);
		await store.transaction().execute(async (db) => {
			const row = { id, at: clock.now(), member, act, recording, session, sealed };
			const made = await addDisclosure(db, row);
			// What is shared is in the history already: the share says it itself.
			if (made && act === 'exported')
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
