import { existsSync } from 'node:fs';
import { join } from 'node:path';
import helmet from '@fastify/helmet';
import statics from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ServerError } from './errors.ts';

/** Its name holds the hash of its bytes. */
const immutable = /\/code\/immutable\//;
const yearS = 365 * 24 * 60 * 60;

/** Headers of every answer. The policy for scripts stands in the pages, with the hashes of the build. */
export async function secureHeaders(
	app: FastifyInstance,
	origins: ReadonlySet<string>,
): Promise<void> {
	await app.register(helmet, {
		contentSecurityPolicy: false,
		crossOriginOpenerPolicy: { policy: 'same-origin' },
		crossOriginResourcePolicy: { policy: 'same-origin' },
		referrerPolicy: { policy: 'no-referrer' },
		strictTransportSecurity: false,
		frameguard: { action: 'deny' },
	});
	app.addHook('onRequest', async (request, reply) => {
		void reply.header('content-security-policy', "frame-ancestors 'none'");
		void reply.header(
			'permissions-policy',
			'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
		);
		// TLS ends in front of this process: the address that was asked for says whether it was used.
		if (origins.has(`https://${request.headers.host}`))
			void reply.header('strict-transport-security', `max-age=${yearS}; includeSubDomains`);
	});
}

function cacheControl(path: string): string {
	return immutable.test(path) ? `public, max-age=${yearS}, immutable` : 'no-cache';
}

/** The built web app: files as they are, already compressed, and 200.html for every other address of a page. */
export async function servePages(app: FastifyInstance, folder: string): Promise<void> {
	const shell = '200.html';
	const built = existsSync(join(folder, shell));
	if (built)
		await app.register(statics, {
			root: folder,
			preCompressed: true,
			cacheControl: false,
			index: ['index.html'],
			extensions: ['html'],
			redirect: false,
			setHeaders: (reply: FastifyReply, path: string) =>
				void reply.header('cache-control', cacheControl(path)),
		});
	app.setNotFoundHandler(async (request, reply) => {
		const navigation =
			request.method === 'GET' &&
			!request.url.startsWith('/api/') &&
			(request.headers.accept ?? '').includes('text/html');
		if (navigation && built) return reply.sendFile(shell);
		throw new ServerError('not-found');
	});
}
