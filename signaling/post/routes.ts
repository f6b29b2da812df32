import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { limits } from '../protocol/limits.ts';
import { NewContacts, NewContactsOfMany, type Outbox, type PostMessage } from '../protocol/post.ts';
import { Id } from '../protocol/text.ts';
import { visibleSession } from '../session/sessions.ts';
import type { Store } from '../store/database.ts';
import type { PostRow } from '../store/tables.ts';
import { calendarsIn } from './calendar.ts';
import { addressed } from './letter.ts';
import { outboxMs } from './outbox.ts';
import { commonOf, writeAll } from './series.ts';
import type { Letter } from './words.ts';

const Params = v.object({ id: Id });
const PlaceParams = v.object({ id: Id, place: Id });
const Query = v.object({ session: v.optional(Id) });

/** Who sees what is sent about the sessions of others. */
const schedulers = new Set(['admin', 'scheduler']);
/** Without a session, only of those that are not over for longer than this. */
const recentMs = 24 * 60 * 60_000;
const rowsMax = 1000;

function messageOf(row: PostRow): PostMessage {
	const { id, session, place, kind, way, at, tries, error } = row;
	// What is under way right now is not sent yet.
	const state = row.state === 'sending' ? 'waiting' : row.state;
	return { id, session, place, kind, way, state, at, tries, error };
}

interface Shown {
	row: PostRow;
	letter: Letter;
	to: string | null;
}

/** What the outbox shows in one: the mail about a series, as it would go out. */
async function parcels(
	store: Store,
	address: string,
	rows: readonly PostRow[],
): Promise<(readonly [Shown, ...Shown[]])[]> {
	const shown = new Map<string, [Shown, ...Shown[]]>();
	for (const row of rows) {
		const message = await addressed(store, address, row);
		if (typeof message !== 'object') continue;
		const { letter, to } = message;
		// A text to several would promise links that come with the reminders.
		const series = row.way === 'mail' ? (row.series ?? row.id) : row.id;
		const key = JSON.stringify([series, row.state, to, commonOf(letter)]);
		const one = { row, letter, to };
		shown.set(key, [one, ...(shown.get(key) ?? [])]);
	}
	return [...shown.values()].map(([first, ...others]) => {
		const [earliest = first, ...later] = [first, ...others].toSorted(
			(a, b) => a.letter.startsAt - b.letter.startsAt,
		);
		return [earliest, ...later];
	});
}

/** What the mail about these sessions has in its calendar file, or null. */
function calendarOf(parcel: readonly [Shown, ...Shown[]], context: Context): string | null {
	const [{ row, to }] = parcel;
	if (row.way !== 'mail' || to === null) return null;
	const { clock, config, post } = context;
	const from = config.mail?.from ?? null;
	const domain = from?.split('@').at(-1) ?? new URL(post.address).hostname;
	const files = calendarsIn(parcel, domain, { from, to, now: clock.now() });
	return files.map(({ content }) => content).join('\r\n') || null;
}

function readRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, config, post } = context;
	app.get('/post', async (request) => {
		const staff = await staffOf(context, request);
		const { session } = parse(Query, request.query);
		if (session !== undefined) await visibleSession(store, staff, session);
		let query = store
			.selectFrom('post')
			.innerJoin('sessions', 'sessions.id', 'post.session')
			.selectAll('post')
			.orderBy('post.at', 'desc')
			.limit(rowsMax);
		if (session === undefined)
			query = query.where('sessions.starts_at', '>=', clock.now() - recentMs);
		else query = query.where('post.session', '=', session);
		if (!schedulers.has(staff.role)) query = query.where('sessions.host', '=', staff.member);
		return { messages: (await query.execute()).map(messageOf) };
	});
	app.get('/outbox', async (request): Promise<Outbox> => {
		await staffOf(context, request);
		const rows = await store
			.selectFrom('post')
			.innerJoin('sessions', 'sessions.id', 'post.session')
			.selectAll('post')
			.where((it) => it.or([it('post.state', '=', 'held'), it('post.held', '=', 1)]))
			.where('sessions.starts_at', '>=', clock.now() - outboxMs)
			.orderBy('post.at', 'desc')
			.limit(limits.pageRows)
			.execute();
		const messages: Outbox['messages'] = [];
		for (const parcel of await parcels(store, post.address, rows)) {
			const [{ row, to }] = parcel;
			const [first, ...others] = parcel.map(({ letter }) => letter);
			if (!first) continue;
			const { subject, body } = writeAll([first, ...others], row.way);
			const calendar = calendarOf(parcel, context);
			messages.push({ ...messageOf(row), to, subject: subject || null, body, calendar });
		}
		return { mail: config.mail !== undefined, text: config.text !== undefined, messages };
	});
}

/** /api/sessions/:id/contacts, /api/contacts, /api/sessions/:id/places/:place/remind, /api/post, /api/outbox. */
export function postRoutes(app: FastifyInstance, context: Context): void {
	const { store, post } = context;
	readRoutes(app, context);
	app.put('/sessions/:id/contacts', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const { contacts } = bodyOf(NewContacts, request);
		await store.transaction().execute(async (db) => {
			await visibleSession(db, staff, id);
			await post.setContacts(db, [{ id, contacts }]);
		});
		return reply.code(204).send();
	});
	app.put('/contacts', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { sessions } = bodyOf(NewContactsOfMany, request);
		await store.transaction().execute(async (db) => {
			for (const { id } of sessions) await visibleSession(db, staff, id);
			await post.setContacts(db, sessions);
		});
		return reply.code(204).send();
	});
	app.post('/sessions/:id/places/:place/remind', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id, place } = parse(PlaceParams, request.params);
		await store.transaction().execute(async (db) => {
			await visibleSession(db, staff, id);
			await post.remind(db, id, place);
		});
		return reply.code(204).send();
	});
}
