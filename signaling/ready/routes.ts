import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { staffOf } from '../guard.ts';
import { bodyOf } from '../parse.ts';
import { Wishes } from '../protocol/wishes.ts';

/** /api/account/wishes. */
export function wishRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.get('/account/wishes', async (request): Promise<Wishes> => {
		const { member } = await staffOf(context, request);
		const row = await store
			.selectFrom('wishes')
			.select('ready')
			.where('member', '=', member)
			.executeTakeFirst();
		return { ready: row !== undefined && row.ready !== 0 };
	});
	app.put('/account/wishes', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const ready = bodyOf(Wishes, request).ready ? 1 : 0;
		await store
			.insertInto('wishes')
			.values({ member, ready })
			.onConflict((it) => it.column('member').doUpdateSet({ ready }))
			.execute();
		return reply.code(204).send();
	});
}
