import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { ServerError } from './errors.ts';

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);
const dayS = '86400';

/** Addresses under which a server without ORIGINS is reached. */
export function ownOrigins(port: number): string[] {
	return [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
}

/** The address that is printed. */
export function printedOrigin(config: Config, port: number): string {
	return config.origins?.[0] ?? `http://localhost:${port}`;
}

/**
 * Which pages may use the API. There is no cookie that another site could ride on; the list is the
 * second lock. Everything that changes something must name its origin.
 */
export function guardOrigins(app: FastifyInstance, origins: ReadonlySet<string>): void {
	app.addHook('onRequest', async (request, reply) => {
		const { origin } = request.headers;
		void reply.header('vary', 'origin');
		const allowed = origin !== undefined && origins.has(origin);
		if (!allowed && !(origin === undefined && safe.has(request.method)))
			throw new ServerError('origin');
		if (!allowed) return;
		void reply.header('access-control-allow-origin', origin);
		void reply.header('access-control-expose-headers', 'content-range, retry-after');
	});
	app.options('/*', async (_request, reply) =>
		reply
			.header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
			.header('access-control-allow-headers', 'authorization, content-type, range')
			.header('access-control-max-age', dayS)
			.code(204)
			.send(),
	);
}
