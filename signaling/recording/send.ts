import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { rangeBytesMax } from '../protocol/recordings.ts';
import { objectSize, pieces } from './chunks.ts';
import type { ObjectName } from './objects.ts';
import { parseRange } from './range.ts';

/**
 * Answers with the range of an object that was asked for, or with all of it; with `ranged` only with a range, so that no
 * answer outlasts the right to it for long. Throws `not-found`, `bad-request`.
 */
export async function sendObject(
	{ store, objects }: Pick<Context, 'store' | 'objects'>,
	name: ObjectName,
	options: { request: FastifyRequest; reply: FastifyReply; ranged?: boolean },
): Promise<FastifyReply> {
	const { request, reply, ranged = false } = options;
	const size = await objectSize(store, name);
	const wanted = parseRange(request.headers.range, { size, max: rangeBytesMax });
	if (wanted === undefined && ranged) throw new ServerError('bad-request');
	void reply.header('accept-ranges', 'bytes').type('application/octet-stream');
	if (wanted === null)
		return reply
			.code(416)
			.type('application/json')
			.header('content-range', `bytes */${size}`)
			.send({ error: 'bad-request' });
	const range = wanted ?? { from: 0, to: size };
	if (wanted)
		void reply.code(206).header('content-range', `bytes ${range.from}-${range.to - 1}/${size}`);
	return reply
		.header('content-length', range.to - range.from)
		.send(Readable.from(objects.read(name, pieces(store, name, range)), { objectMode: false }));
}
