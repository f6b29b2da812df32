import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf } from '../parse.ts';
import { SealedPractice } from '../protocol/account.ts';
import { changeAccount } from './change.ts';

/** /api/account/practice: what a member's clients have seen of the practice, sealed. */
export function practiceRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.put('/account/practice', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const { practice, was } = bodyOf(SealedPractice, request);
		await store.transaction().execute((db) =>
			changeAccount(db, member, (account) => {
				// Two browsers of one member write at once: the second has to look again.
				if (account.practice !== was) throw new ServerError('conflict');
				return { ...account, practice };
			}),
		);
		return reply.code(204).send();
	});
}
