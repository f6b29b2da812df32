import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import {
	FinishDerivative,
	FinishRevision,
	NewDerivative,
	NewRevision,
	type ShownRevision,
	finishRevisionBytes,
} from '../protocol/revisions.ts';
import { Id } from '../protocol/text.ts';
import { makeDerivative, sweepDerivatives } from './derivatives.ts';
import { finishDerivative } from './finishcopy.ts';
import { copiesMade, sourceOf } from './kin.ts';
import { checkWish } from './receipts.ts';
import { demandReason } from './openings.ts';
import { finishRevision } from './revise.ts';
import {
	beginRevision,
	cancelRevision,
	rewritable,
	sweepRevisions,
	findRevision,
} from './revisions.ts';

const Params = v.object({ id: Id });
const RevisionParams = v.object({ id: Id, revision: Id });
const DerivativeParams = v.object({ id: Id, derivative: Id });

const sweepMs = 10 * 60_000;

/** Removes what nobody goes on with. */
function sweepNowAndThen(app: FastifyInstance, context: Context): void {
	const sweep = async (): Promise<void> => {
		await sweepRevisions(context);
		await sweepDerivatives(context);
	};
	const timer = setInterval(
		() => void sweep().catch((error: unknown) => context.log.failure('rewrite sweep', error)),
		sweepMs,
	);
	app.addHook('onClose', async () => clearInterval(timer));
}

function derivativeRoutes(app: FastifyInstance, context: Context): void {
	app.post('/recordings/:id/derivatives', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id: source } = parse(Params, request.params);
		await demandReason(context, staff, await rewritable(context, staff, source));
		const wanted = bodyOf(NewDerivative, request);
		const made = await makeDerivative(context, staff, { source, wanted });
		return reply.code(made ? 201 : 200).send({});
	});
	app.post('/recordings/:id/derivatives/:derivative/finish', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id: source, derivative } = parse(DerivativeParams, request.params);
		await rewritable(context, staff, source);
		const wanted = bodyOf(FinishDerivative, request);
		await checkWish(context.store, staff, { recording: source, wish: wanted.wish });
		await finishDerivative(context, staff, { source, derivative, wanted });
		context.hub.changed('recordings');
		return reply.code(204).send();
	});
}

/** /api/recordings/:id/revisions, /api/recordings/:id/derivatives. */
export function revisionRoutes(app: FastifyInstance, context: Context): void {
	const { hub, store } = context;
	app.post('/recordings/:id/revisions', async (request) => {
		const staff = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		await rewritable(context, staff, recording);
		const wanted = bodyOf(NewRevision, request);
		return beginRevision(context, staff, { recording, wanted });
	});
	app.get('/recordings/:id/revision', async (request): Promise<ShownRevision> => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await rewritable(context, staff, id);
		return {
			revision: (await findRevision(context, id)) ?? null,
			copies: await copiesMade(store, id),
			source: (await sourceOf(store, id)) ?? null,
		};
	});
	app.post(
		'/recordings/:id/revisions/:revision/finish',
		{ bodyLimit: finishRevisionBytes },
		async (request, reply) => {
			const staff = await staffOf(context, request);
			const { id: recording, revision } = parse(RevisionParams, request.params);
			await rewritable(context, staff, recording);
			const wanted = bodyOf(FinishRevision, request);
			await finishRevision(context, staff, { recording, revision, wanted });
			hub.changed('recordings');
			return reply.code(204).send();
		},
	);
	app.delete('/recordings/:id/revisions/:revision', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id: recording, revision } = parse(RevisionParams, request.params);
		await rewritable(context, staff, recording);
		const known = await store
			.selectFrom('revisions')
			.select('id')
			.where('recording', '=', recording)
			.where('id', '=', revision)
			.executeTakeFirst();
		if (!known) throw new ServerError('not-found');
		await cancelRevision(context, { recording, revision });
		return reply.code(204).send();
	});
	derivativeRoutes(app, context);
	sweepNowAndThen(app, context);
}
