import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { addOnce, addSeldom } from '../history/often.ts';
import { signedAct } from '../history/signed.ts';
import { bodyOf, parse } from '../parse.ts';
import { Opened, type Openings, reasonMs } from '../protocol/access.ts';
import { Id, type Signed } from '../protocol/text.ts';
import type { RecordingTableRow } from '../store/tables.ts';
import { usableRecording } from './access.ts';

const Params = v.object({ id: Id });
/** Whom the practice lets open what is not theirs. */
const answerable = new Set(['admin', 'supervisor']);
/** Openings that one answer tells of. */
const pageMax = 100;

/** Whether this member says why before she opens it. An extension opens nothing. */
export function owesReason(
	{ member, role, scope }: Staff,
	{ host }: Pick<RecordingTableRow, 'host'>,
): boolean {
	return scope === 'staff' && host !== member && answerable.has(role);
}

/** What a reason of this member has to be about: a copy that she is just making is as open to her as its source. */
async function reasonedOf(
	{ store }: Context,
	{ id, state }: Pick<RecordingTableRow, 'id' | 'state'>,
): Promise<string[]> {
	if (state === 'finished') return [id];
	const copy = await store
		.selectFrom('derivatives')
		.select('source')
		.where('recording', '=', id)
		.executeTakeFirst();
	return copy ? [id, copy.source] : [id];
}

/**
 * Throws `forbidden` where who may open another's recording has not said why: it is what stands before its media, the
 * words that say what is in them, and everything by which somebody else gets at them.
 */
export async function demandReason(
	context: Context,
	staff: Staff,
	row: RecordingTableRow,
): Promise<void> {
	if (!owesReason(staff, row)) return;
	const { store, clock } = context;
	const said = await store
		.selectFrom('openings')
		.select('id')
		.where('recording', 'in', await reasonedOf(context, row))
		.where('member', '=', staff.member)
		.where('at', '>', clock.now() - reasonMs)
		.executeTakeFirst();
	if (!said) throw new ServerError('forbidden');
}

async function tell(
	context: Context,
	staff: Staff,
	options: {
		row: RecordingTableRow;
		opening: { id: string; reason: string };
		signed: Signed | undefined;
	},
): Promise<void> {
	const { row, opening, signed } = options;
	const { id, reason } = opening;
	const { member } = staff;
	const { store, clock } = context;
	await store.transaction().execute(async (db) => {
		const known = await db
			.selectFrom('openings')
			.select('id')
			.where('id', '=', id)
			.executeTakeFirst();
		if (known) throw new ServerError('conflict');
		const { id: recording, session } = row;
		const at = clock.now();
		await db.insertInto('openings').values({ id, recording, member, at, seen_at: null }).execute();
		const said = { act: 'opened', who: member, recording, about: id } as const;
		const by = await signedAct(db, signed, said);
		await addSeldom(context, db, { ...said, ...by, session, reason });
	});
}

/** /api/recordings/:id/opened, /api/openings. */
export function openingRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, hub } = context;
	app.post('/recordings/:id/opened', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const row = await usableRecording(context, staff, id);
		const { opening, signed } = bodyOf(Opened, request) ?? {};
		if (owesReason(staff, row) !== (opening !== undefined)) throw new ServerError('bad-request');
		const { session } = row;
		const said = { act: 'opened', who: staff.member, recording: id } as const;
		if (opening) await tell(context, staff, { row, opening, signed });
		else {
			const by = await signedAct(store, signed, said);
			await store.transaction().execute((db) => addOnce(context, db, { ...said, ...by, session }));
		}
		if (opening) hub.changed('recordings');
		return reply.code(204).send();
	});
	app.get('/openings', async (request): Promise<v.InferOutput<typeof Openings>> => {
		const { member } = await staffOf(context, request);
		const openings = await store
			.selectFrom('openings')
			.innerJoin('recordings', 'recordings.id', 'openings.recording')
			.leftJoin('history', (join) =>
				join
					.onRef('history.recording', '=', 'openings.recording')
					.onRef('history.about', '=', 'openings.id'),
			)
			.select(['openings.id', 'openings.recording', 'openings.member', 'openings.at'])
			.select('history.reason')
			.where('recordings.host', '=', member)
			.where('openings.seen_at', 'is', null)
			.orderBy('openings.at')
			.limit(pageMax)
			.execute();
		return { openings };
	});
	app.post('/openings/:id/seen', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const { numUpdatedRows } = await store
			.updateTable('openings')
			.set({ seen_at: clock.now() })
			.where('id', '=', id)
			.where('recording', 'in', (it) =>
				it.selectFrom('recordings').select('recordings.id').where('host', '=', member),
			)
			.executeTakeFirst();
		if (numUpdatedRows === 0n) throw new ServerError('not-found');
		return reply.code(204).send();
	});
}
