import type { FastifyInstance } from 'fastify';
import type * as v from 'valibot';
import type { Context } from '../context.ts';
import { staffOf } from '../guard.ts';
import { parse } from '../parse.ts';
import { limits } from '../protocol/limits.ts';
import type { VisitList } from '../protocol/sessions.ts';
import { Span } from './sessions.ts';

/** /api/visits: the appointments of a participant with an account. */
export function visitRoutes(app: FastifyInstance, context: Context): void {
	app.get('/visits', async (request): Promise<v.InferOutput<typeof VisitList>> => {
		const { member } = await staffOf(context, request);
		const { from, to } = parse(Span, request.query);
		const rows = await context.store
			.selectFrom('places')
			.innerJoin('sessions', 'sessions.id', 'places.session')
			.select([
				'places.id as place',
				'places.visit',
				'sessions.id as session',
				'sessions.host',
				'sessions.starts_at',
				'sessions.minutes',
				'sessions.state',
			])
			.where('places.member', '=', member)
			.where('sessions.cancelled', '=', 0)
			.where('sessions.starts_at', '>=', from)
			.where('sessions.starts_at', '<=', to)
			.orderBy('sessions.starts_at', 'desc')
			.limit(limits.pageRows)
			.execute();
		return {
			visits: rows.map(({ place, visit, session, host, starts_at, minutes, state }) => ({
				place,
				session,
				host,
				startsAt: starts_at,
				minutes,
				sealed: visit ?? '',
				state,
			})),
		};
	});
}
