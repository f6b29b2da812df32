import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import {
	Annotation,
	AnnotationKind,
	NewAnnotation,
	type ShownAnnotation,
} from '../protocol/annotations.ts';
import { Id } from '../protocol/text.ts';
import type { Store } from '../store/database.ts';
import { presentRecording, usableRecording } from './access.ts';
import { demandReason } from './openings.ts';

const Params = v.object({ id: Id, kind: AnnotationKind });
/** What it is called and how long it is kept stands in lists; the others say what is in it. */
const listed = new Set<v.InferOutput<typeof AnnotationKind>>(['summary', 'retention']);

/** The newest words of one kind beside recordings, by recording. */
export async function annotationsOf(
	store: Store,
	kind: v.InferOutput<typeof AnnotationKind>,
	recordings: readonly string[],
): Promise<Map<string, v.InferOutput<typeof Annotation>>> {
	if (recordings.length === 0) return new Map();
	const rows = await store
		.selectFrom('annotations')
		.select(['recording', 'version', 'content'])
		.where('recording', 'in', recordings)
		.where('kind', '=', kind)
		.execute();
	return new Map(
		rows.map(({ recording, version, content }) => [recording, { version, sealed: content }]),
	);
}

/** /api/recordings/:id/annotations/:kind: sealed words beside a recording. */
export function annotationRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, hub } = context;
	app.get('/recordings/:id/annotations/:kind', async (request): Promise<ShownAnnotation> => {
		const staff = await staffOf(context, request);
		const { id, kind } = parse(Params, request.params);
		const recording = await usableRecording(context, staff, id);
		if (!listed.has(kind)) await demandReason(context, staff, recording);
		const row = await store
			.selectFrom('annotations')
			.select(['version', 'content'])
			.where('recording', '=', id)
			.where('kind', '=', kind)
			.executeTakeFirst();
		return { annotation: row ? { version: row.version, sealed: row.content } : null };
	});
	app.put('/recordings/:id/annotations/:kind', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id, kind } = parse(Params, request.params);
		await usableRecording(context, staff, id);
		const { version, sealed: content } = bodyOf(NewAnnotation, request);
		await store.transaction().execute(async (db) => {
			await presentRecording(db, id);
			const known = await db
				.selectFrom('annotations')
				.select('version')
				.where('recording', '=', id)
				.where('kind', '=', kind)
				.executeTakeFirst();
			if (version !== (known?.version ?? 0) + 1) throw new ServerError('conflict');
			const row = { version, author: staff.member, content, at: clock.now() };
			await db
				.insertInto('annotations')
				.values({ recording: id, kind, ...row })
				.onConflict((it) => it.columns(['recording', 'kind']).doUpdateSet(row))
				.execute();
		});
		hub.changed('recordings');
		return reply.code(204).send();
	});
}
