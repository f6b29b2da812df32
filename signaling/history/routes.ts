import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { staffOf } from '../guard.ts';
import { parse } from '../parse.ts';
import type { HistoryPage } from '../protocol/sessions.ts';
import { erasingRoutes } from './erase.ts';
import { logRoutes } from './log.ts';
import { pageOfHistory } from './read.ts';

/** Rows of one page. */
const pageRows = 500;
/** Whom the whole schedule belongs to; everybody else reads about her own sessions. */
const readsAll = new Set(['admin', 'scheduler']);

const digits = v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number));
const Query = v.object({
	from: v.optional(digits, '0'),
	to: v.optional(digits, '8640000000000000'),
	before: v.optional(digits, `${Number.MAX_SAFE_INTEGER}`),
});

/** /api/history, /api/log. */
export function historyRoutes(app: FastifyInstance, context: Context): void {
	app.get('/history', async (request): Promise<HistoryPage> => {
		const { member, role } = await staffOf(context, request);
		const practice = role === 'admin';
		const wish = { ...parse(Query, request.query), practice, max: pageRows };
		return pageOfHistory(context.store, readsAll.has(role) ? wish : { ...wish, host: member });
	});
	logRoutes(app, context);
	erasingRoutes(app, context);
}
