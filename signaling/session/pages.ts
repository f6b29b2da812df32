import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { DigestPage } from '../protocol/sessions.ts';
import { Bytes32 } from '../protocol/text.ts';
import { sha256 } from '../random.ts';

const Params = v.object({ hash: Bytes32 });

/** /api/digest-pages: stored under their hash, which the signed member list names; nothing is ever changed. */
export function digestPageRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.get('/digest-pages/:hash', async (request) => {
		await staffOf(context, request);
		const { hash } = parse(Params, request.params);
		const row = await store
			.selectFrom('digest_pages')
			.select('content as page')
			.where('hash', '=', hash)
			.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		return row;
	});
	app.put('/digest-pages/:hash', async (request, reply) => {
		await staffOf(context, request);
		const { hash } = parse(Params, request.params);
		const { page: content } = bodyOf(DigestPage, request);
		const found = sha256(Buffer.from(content, 'base64url')).toString('base64url');
		if (found !== hash) throw new ServerError('bad-request');
		await store
			.insertInto('digest_pages')
			.values({ hash, content })
			.onConflict((it) => it.column('hash').doNothing())
			.execute();
		return reply.code(204).send();
	});
}
