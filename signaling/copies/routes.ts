import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { HeldCopies, KeptCopy } from '../protocol/copies.ts';
import { Id } from '../protocol/text.ts';
import { checkCopies, noteCopy, noteRemoved } from './copies.ts';

const Params = v.object({ recording: Id });

/** /api/copies: sealed copies on devices, for use without a connection. */
export function copyRoutes(app: FastifyInstance, context: Context): void {
	app.put('/copies/:recording', async (request): Promise<KeptCopy> => {
		const staff = await staffOf(context, request);
		const { recording } = parse(Params, request.params);
		const { expiresAt } = bodyOf(KeptCopy, request);
		return noteCopy(context, staff, { recording, expiresAt });
	});
	app.delete('/copies/:recording', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { recording } = parse(Params, request.params);
		await noteRemoved(context, staff, recording);
		return reply.code(204).send();
	});
	app.post('/copies', async (request) => {
		const staff = await staffOf(context, request);
		const { recordings } = bodyOf(HeldCopies, request);
		return checkCopies(context, staff, recordings);
	});
}
