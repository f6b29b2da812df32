import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { playedRoutes, refuse } from '../history/played.ts';
import { pageAbout } from '../history/read.ts';
import { bodyOf, parse } from '../parse.ts';
import { limits } from '../protocol/limits.ts';
import {
	ChunkPath,
	FinishRecording,
	MoreTracks,
	NewCheckpoint,
	NewRecording,
	type Tombstones,
} from '../protocol/recordings.ts';
import type { Scope } from '../protocol/account.ts';
import { DeleteRecording } from '../protocol/deletion.ts';
import { Count, Id } from '../protocol/text.ts';
import { Span } from '../session/sessions.ts';
import { verifySigned } from '../signature.ts';
import { presentRecording, recipientIds, usableRecording } from './access.ts';
import { annotationRoutes } from './annotations.ts';
import { briefRoutes } from './briefs.ts';
import { Lanes, storeChunk } from './chunks.ts';
import { deleteRecording } from './deletion.ts';
import { checkWish, ownRecording, receiptRoutes } from './receipts.ts';
import { unfinishedCopies } from './derivatives.ts';
import { grantRoutes } from './grants.ts';
import { handoverRoutes } from './handover.ts';
import { demandReason, openingRoutes } from './openings.ts';
import { addTracks, finishRecording, makeRecording } from './recordings.ts';
import { revisionRoutes } from './revisionroutes.ts';
import { demandReviser } from './revisions.ts';
import { viewRecording, viewRows } from './rows.ts';
import { sendObject } from './send.ts';

/** Tombstones that a device is told of. */
const tombstonesMax = 10_000;

const Params = v.object({ id: Id });
/** A recorder goes on when nobody touches the page; a locked or signed-out device has no token at all. */
const recorder = { evenIdle: true };
/** The same, and the extension that captures a tab: `usableRecording` knows which one that is. */
const uploader: { evenIdle: true; scopes: readonly Scope[] } = {
	evenIdle: true,
	scopes: ['staff', 'presence'],
};
/** The same numbers as in the protocol, as an address writes them. */
const number = v.pipe(v.string(), v.regex(/^\d{1,10}$/), v.transform(Number), Count);
const ObjectParams = v.object({ id: Id, track: Id, part: number });
const ChunkParams = v.object({ ...ObjectParams.entries, chunk: number });

function listRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.get('/recordings', async (request) => {
		const staff = await staffOf(context, request);
		const { from, to } = parse(Span, request.query);
		const recipients = await recipientIds(store, staff);
		const rows = await store
			.selectFrom('recordings')
			.selectAll()
			.where('started_at', '>=', from)
			.where('started_at', '<=', to)
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
			)
			.orderBy('started_at', 'desc')
			.limit(limits.pageRows)
			.execute();
		return { recordings: await viewRows(context, staff, rows) };
	});
	app.get('/recordings/:id', async (request) => {
		const staff = await staffOf(context, request, { scopes: uploader.scopes });
		const { id } = parse(Params, request.params);
		const row = await usableRecording(context, staff, id).catch((error: unknown) =>
			refuse(context, staff, { recording: id, error }),
		);
		return viewRecording(context, staff, row);
	});
	app.get('/recordings/:id/history', async (request) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await usableRecording(context, staff, id);
		return pageAbout(store, { recording: id }, request.query);
	});
	app.get('/tombstones', async (request): Promise<v.InferOutput<typeof Tombstones>> => {
		await staffOf(context, request);
		const tombstones = await store
			.selectFrom('tombstones')
			.selectAll()
			.orderBy('at', 'desc')
			.limit(tombstonesMax)
			.execute();
		return { tombstones };
	});
}

function recorderRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub, presence } = context;
	app.post('/recordings', async (request, reply) => {
		const staff = await staffOf(context, request, recorder);
		const wanted = bodyOf(NewRecording, request);
		const made = await makeRecording(context, staff, wanted);
		await presence.heard(wanted.id);
		if (made) hub.changed('recordings');
		return reply.code(made ? 201 : 200).send({});
	});
	app.post('/recordings/:id/tracks', async (request, reply) => {
		const staff = await staffOf(context, request, recorder);
		const { id } = parse(Params, request.params);
		await addTracks(context, staff, { recording: id, wanted: bodyOf(MoreTracks, request) });
		return reply.code(204).send();
	});
	app.post('/recordings/:id/checkpoints', async (request, reply) => {
		const staff = await staffOf(context, request, uploader);
		const { id } = parse(Params, request.params);
		const row = await usableRecording(context, staff, id);
		const checkpoint = bodyOf(NewCheckpoint, request);
		if (!verifySigned(row.recorder_key, 'sotto/checkpoint/v1', checkpoint))
			throw new ServerError('forbidden');
		await store.transaction().execute(async (db) => {
			await presentRecording(db, id);
			const { n } = await db
				.selectFrom('checkpoints')
				.select((it) => it.fn.max('n').as('n'))
				.where('recording', '=', id)
				.executeTakeFirstOrThrow();
			if ((n ?? 0) >= limits.checkpointsPerRecording) throw new ServerError('over-limit');
			const content = JSON.stringify(checkpoint);
			await db
				.insertInto('checkpoints')
				.values({ recording: id, n: (n ?? 0) + 1, content })
				.execute();
		});
		return reply.code(204).send();
	});
	app.post('/recordings/:id/alive', async (request, reply) => {
		const staff = await staffOf(context, request, uploader);
		const { id } = parse(Params, request.params);
		const { host, state } = await usableRecording(context, staff, id);
		if (host !== staff.member) throw new ServerError('forbidden');
		if (state !== 'live') throw new ServerError('gone');
		await presence.heard(id);
		return reply.code(204).send();
	});
	app.post('/recordings/:id/finish', async (request, reply) => {
		const staff = await staffOf(context, request, uploader);
		const { id } = parse(Params, request.params);
		await finishRecording(context, staff, {
			recording: id,
			wanted: bodyOf(FinishRecording, request),
		});
		hub.changed('recordings');
		return reply.code(204).send();
	});
}

function objectRoutes(app: FastifyInstance, context: Context): void {
	const lanes = new Lanes();
	app.addContentTypeParser(
		'application/octet-stream',
		{ parseAs: 'buffer', bodyLimit: limits.chunkBytes },
		(_request, body, done) => done(null, body),
	);
	app.put('/recordings/:id/objects/:track/:part/:chunk', async (request, reply) => {
		const staff = await staffOf(context, request, uploader);
		const path = parse(ChunkParams, request.params);
		const { id: recording, track, part, chunk } = parse(ChunkPath, path);
		const { state } = await usableRecording(context, staff, recording);
		if (state === 'finished') await demandReviser(context, staff, { recording, track, part });
		const { body } = request;
		if (!Buffer.isBuffer(body)) throw new ServerError('bad-request');
		const made = await lanes.run(`${recording}/${track}/${part}`, () =>
			storeChunk(context, { recording, track, part }, { chunk, bytes: body }),
		);
		return reply.code(made ? 201 : 200).send({});
	});
	app.get('/recordings/:id/objects/:track/:part', async (request, reply) => {
		const staff = await staffOf(context, request, { scopes: uploader.scopes });
		const { id: recording, track, part } = parse(ObjectParams, request.params);
		const row = await usableRecording(context, staff, recording);
		// What it is called stands in lists, and is no media.
		if (track !== row.id) await demandReason(context, staff, row);
		const name = { recording, track, part };
		return sendObject(context, name, { request, reply });
	});
}

/** /api/recordings, /api/tombstones. */
export function recordingRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub } = context;
	listRoutes(app, context);
	recorderRoutes(app, context);
	objectRoutes(app, context);
	grantRoutes(app, context);
	handoverRoutes(app, context);
	annotationRoutes(app, context);
	receiptRoutes(app, context);
	openingRoutes(app, context);
	playedRoutes(app, context);
	revisionRoutes(app, context);
	briefRoutes(app, context);
	app.delete('/recordings/:id', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await ownRecording(store, staff, id);
		const wish = bodyOf(DeleteRecording, request)?.wish;
		await checkWish(store, staff, { recording: id, wish });
		await deleteRecording(context, { recording: id, who: staff.member, wish });
		hub.changed('recordings');
		return reply.code(204).send();
	});
}
