import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { type Staff, staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import {
	type Brief,
	BriefCursor,
	type BriefPage,
	WantedRows,
	type WholeRows,
	briefsMax,
} from '../protocol/briefs.ts';
import { endsAt } from '../retention/due.ts';
import { Span } from '../session/sessions.ts';
import type { Store } from '../store/database.ts';
import type { RecordingTableRow } from '../store/tables.ts';
import { recipientIds, recipientsIn } from './access.ts';
import { annotationsOf } from './annotations.ts';
import { unfinishedCopies } from './derivatives.ts';
import { owesReason } from './openings.ts';
import { bytesOf, viewRows } from './rows.ts';

const Query = v.object({ ...Span.entries, after: v.optional(BriefCursor) });

/** The recordings that a member may open or hosted, and that are there. */
async function usableRows(store: Store, staff: Staff) {
	const recipients = await recipientIds(store, staff);
	return store
		.selectFrom('recordings')
		.selectAll()
		.where('state', '!=', 'deleted')
		.where('id', 'not in', unfinishedCopies(store))
		.where((it) =>
			it.or([
				it('host', '=', staff.member),
				it(
					'id',
					'in',
					it.selectFrom('grants').select('recording').where('recipient', 'in', recipients),
				),
			]),
		);
}

async function versionsOf(store: Store, ids: readonly string[]) {
	const rows = await store
		.selectFrom('annotations')
		.select(['recording', 'kind', 'version'])
		.where('recording', 'in', ids)
		.where('kind', 'in', ['summary', 'notes'])
		.execute();
	const known = new Map(rows.map(({ recording, kind, version }) => [recording + kind, version]));
	return (recording: string, kind: 'summary' | 'notes') => known.get(recording + kind) ?? 0;
}

/** Whether a list of this member may search the notes: they say what is in a recording, so nobody's who owes a reason. */
const searchesNotes = (staff: Staff, row: RecordingTableRow): boolean =>
	staff.role !== 'participant-only' && !owesReason(staff, row);

async function askedToDelete(store: Store, rows: readonly RecordingTableRow[]) {
	const sessions = rows.flatMap(({ session }) => session ?? []);
	if (sessions.length === 0) return new Set<string | null>();
	const asked = await store
		.selectFrom('deletion_requests')
		.select('session')
		.where('session', 'in', sessions)
		.execute();
	return new Set<string | null>(asked.map(({ session }) => session));
}

async function keepingOf(store: Store, rows: readonly RecordingTableRow[]) {
	const said = await store
		.selectFrom('retentions')
		.selectAll()
		.where(
			'recording',
			'in',
			rows.map(({ id }) => id),
		)
		.execute();
	const known = new Map(said.map((one) => [one.recording, one]));
	return (row: RecordingTableRow): Brief['keeping'] => {
		const one = known.get(row.id);
		return one ? { endsAt: endsAt(one, row), hold: one.hold !== 0 } : null;
	};
}

async function briefsOf(
	context: Context,
	staff: Staff,
	rows: readonly RecordingTableRow[],
): Promise<Brief[]> {
	if (rows.length === 0) return [];
	const { store, presence } = context;
	const ids = rows.map(({ id }) => id);
	const ofStaff = staff.role !== 'participant-only';
	const recipients = await recipientsIn(context, ids);
	const bytes = await bytesOf(store, ids);
	const versions = await versionsOf(store, ids);
	const asked = ofStaff ? await askedToDelete(store, rows) : new Set<string | null>();
	const keeping = await keepingOf(store, rows);
	return rows.map((row) => ({
		id: row.id,
		source: row.source,
		session: row.session,
		host: row.host,
		state: row.state,
		startedAt: row.started_at,
		lastSeenAt: row.last_seen_at,
		recording: row.state === 'live' && row.ended_at === null && presence.alive(row.id),
		finishedAt: row.finished_at,
		bytes: bytes.get(row.id) ?? 0,
		recipients: recipients.get(row.id) ?? [],
		summary: ofStaff ? versions(row.id, 'summary') : 0,
		notes: searchesNotes(staff, row) ? versions(row.id, 'notes') : 0,
		deletionAsked: asked.has(row.session),
		keeping: keeping(row),
	}));
}

/** /api/recordings/briefs, /api/recordings/rows: what a long list needs, and no more of it than it needs. */
export function briefRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.get('/recordings/briefs', async (request): Promise<BriefPage> => {
		const staff = await staffOf(context, request);
		const { from, to, after } = parse(Query, request.query);
		let query = (await usableRows(store, staff))
			.where('started_at', '>=', from)
			.where('started_at', '<=', to)
			.orderBy('started_at', 'desc')
			.orderBy('id', 'desc')
			.limit(briefsMax + 1);
		if (after !== undefined) {
			const [at = '', id = ''] = after.split('.');
			query = query.where((it) =>
				it.or([
					it('started_at', '<', Number(at)),
					it.and([it('started_at', '=', Number(at)), it('id', '<', id)]),
				]),
			);
		}
		const found = await query.execute();
		const rows = found.slice(0, briefsMax);
		const last = rows.at(-1);
		const more = found.length > briefsMax && last;
		return {
			briefs: await briefsOf(context, staff, rows),
			next: more ? `${last.started_at}.${last.id}` : null,
		};
	});
	app.post('/recordings/rows', async (request): Promise<WholeRows> => {
		const staff = await staffOf(context, request);
		const { ids } = bodyOf(WantedRows, request);
		const rows = await (await usableRows(store, staff)).where('id', 'in', ids).execute();
		const searched = rows.filter((row) => searchesNotes(staff, row)).map(({ id }) => id);
		const notes = await annotationsOf(store, 'notes', searched);
		return {
			recordings: await viewRows(context, staff, rows),
			notes: Array.from(notes, ([recording, one]) => ({ recording, ...one })),
		};
	});
}
