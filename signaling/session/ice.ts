import { createHmac, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import { anybodyOf } from '../guard.ts';
import type { IceConfig } from '../protocol/account.ts';
import { limits } from '../protocol/limits.ts';

/**
 * ICE servers of the environment. TURN credentials are those that coturn calls REST: the user name is
 * the second at which they end and a random word that says nothing about who asked.
 */
export function iceConfig(config: Config, nowMs: number): IceConfig {
	const stun = config.stunUrl ? [{ urls: [config.stunUrl] }] : [];
	if (!config.turn) return { iceServers: stun, relay: false };
	const until = Math.floor(nowMs / 1000) + limits.turnSeconds;
	const username = `${until}:${randomBytes(6).toString('hex')}`;
	// Not our choice: coturn's REST credentials are HMAC-SHA-1.
	const credential = createHmac('sha1', config.turn.secret).update(username).digest('base64');
	return {
		iceServers: [...stun, { urls: [config.turn.url], username, credential }],
		relay: true,
		expiresInMs: limits.turnSeconds * 1000,
	};
}

export function iceRoutes(app: FastifyInstance, context: Context): void {
	app.get('/ice', async (request): Promise<IceConfig> => {
		await anybodyOf(context, request);
		return iceConfig(context.config, context.clock.now());
	});
}
