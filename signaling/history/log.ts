import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { everyoneOf, staffOf } from '../guard.ts';
import { parse } from '../parse.ts';
import { type LogBlock, type LogCheckpoint, type LogProof, logBlockRows } from '../protocol/log.ts';
import { exportLog } from './export.ts';

const count = v.pipe(v.string(), v.regex(/^[1-9]\d{0,14}$/), v.transform(Number));
const index = v.pipe(v.string(), v.regex(/^\d{1,12}$/), v.transform(Number));
const Span = v.object({ from: count, to: count });
const Size = v.object({ size: count });

/** /api/log: the head of the history, and proofs of what it holds. */
export function logRoutes(app: FastifyInstance, context: Context): void {
	const { ledger } = context;
	const known = async (size: number): Promise<number> => {
		if (size > (await ledger.size())) throw new ServerError('not-found');
		return size;
	};
	app.get('/log/checkpoint', async (request): Promise<LogCheckpoint> => {
		await everyoneOf(context, request);
		return { note: await ledger.checkpoint(), key: ledger.key };
	});
	app.get('/log/consistency', async (request) => {
		await everyoneOf(context, request);
		const { from, to } = parse(Span, request.query);
		if (from > to) throw new ServerError('bad-request');
		return { path: await ledger.consistency({ from, to: await known(to) }) };
	});
	app.get('/log/blocks/:block', async (request): Promise<LogBlock> => {
		await staffOf(context, request);
		const { block } = parse(v.object({ block: index }), request.params);
		const size = await known(parse(Size, request.query).size);
		if (block * logBlockRows >= size) throw new ServerError('not-found');
		return ledger.block({ block, size });
	});
	app.get('/log/rows/:n/proof', async (request): Promise<LogProof> => {
		await staffOf(context, request);
		const { n } = parse(v.object({ n: count }), request.params);
		const size = await known(parse(Size, request.query).size);
		if (n > size) throw new ServerError('not-found');
		return { size, path: await ledger.inclusion({ n, size }) };
	});
	app.get('/log/export', async (request, reply) => {
		await staffOf(context, request);
		return reply.type('application/x-ndjson').send(Readable.from(exportLog(context.store, ledger)));
	});
}
