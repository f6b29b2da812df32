import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { type Staff, staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { limits } from '../protocol/limits.ts';
import {
	NewRetention,
	NewRetentionPolicy,
	NewStoragePrice,
	type RetentionList,
} from '../protocol/retention.ts';
import { Id } from '../protocol/text.ts';
import { recipientIds, usableRecording } from '../recording/access.ts';
import { readRetention, setRetention, viewRetention } from './kept.ts';
import { readPolicy, writePolicy } from './policy.ts';
import { reviewsOf } from './reviews.ts';
import { readStorage, writePrice } from './storage.ts';

const Params = v.object({ id: Id });
const digits = v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number));
const Before = v.object({ before: v.optional(digits) });

/** Recordings whose time this member may change, the next to end first. */
async function listRetentions(
	{ store }: Context,
	staff: Staff,
	before: number | undefined,
): Promise<RetentionList> {
	const recipients = await recipientIds(store, staff);
	const all = staff.role === 'admin' || staff.role === 'supervisor';
	const rows = await store
		.selectFrom('recordings')
		.selectAll()
		.where('state', '!=', 'deleted')
		.where((it) => {
			const own = it('host', '=', staff.member);
			const granted = it
				.selectFrom('grants')
				.select('recording')
				.where('recipient', 'in', recipients);
			return all ? it.or([own, it('id', 'in', granted)]) : own;
		})
		.execute();
	const kept = await store.selectFrom('retentions').selectAll().execute();
	const byRecording = new Map(kept.map((row) => [row.recording, row]));
	const never = Number.POSITIVE_INFINITY;
	const found = rows
		.map((row) => {
			const own = byRecording.get(row.id);
			const none = { version: 0, purpose: null, kept_until: null, minutes: null };
			const view = viewRetention(own ?? { ...none, hold: 0, statement: null }, row);
			return { ...view, startedAt: row.started_at, host: row.host };
		})
		.filter(({ endsAt }) => before === undefined || (endsAt !== null && endsAt < before))
		.toSorted((a, b) => (a.endsAt ?? never) - (b.endsAt ?? never) || a.startedAt - b.startedAt);
	const max = before === undefined ? retentionsMax : limits.pageRows;
	return { recordings: found.slice(0, max), more: found.length > max };
}

/** Of a practice: 27 a day for a year. */
const retentionsMax = 10_000;

/** How long recordings are kept, and what they take. */
export function retentionRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub, history, clock } = context;
	app.get('/recordings/:id/retention', async (request) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		return readRetention(store, await usableRecording(context, staff, id));
	});
	app.put('/recordings/:id/retention', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await usableRecording(context, staff, id);
		const { statement } = bodyOf(NewRetention, request);
		await setRetention(context, staff, { recording: id, statement });
		hub.changed('recordings');
		return reply.code(204).send();
	});
	app.get('/retention', async (request) => {
		const staff = await staffOf(context, request);
		const { before } = parse(Before, request.query);
		return listRetentions(context, staff, before);
	});
	app.get('/reviews', async (request) => reviewsOf(context, await staffOf(context, request)));
	app.get('/practice/retention', async (request) => {
		await staffOf(context, request);
		return { policy: await readPolicy(store) };
	});
	app.put('/practice/retention', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const { policy } = bodyOf(NewRetentionPolicy, request);
		await store.transaction().execute(async (db) => {
			await writePolicy(db, { policy, author: member, at: clock.now() });
			await history.add(db, { act: 'retention-policy-changed', who: member });
		});
		hub.changed('members');
		return reply.code(204).send();
	});
	app.get('/practice/storage', async (request) => {
		await staffOf(context, request);
		return readStorage(context);
	});
	app.put('/practice/storage-price', async (request, reply) => {
		await staffOf(context, request);
		const { price } = bodyOf(NewStoragePrice, request);
		await writePrice(store, price);
		return reply.code(204).send();
	});
}
