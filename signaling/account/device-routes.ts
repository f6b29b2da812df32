import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { noteSignedOut } from '../copies/copies.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf } from '../parse.ts';
import { ChallengeRequest, type Scope, TokenRequest, tokenText } from '../protocol/account.ts';
import { limits } from '../protocol/limits.ts';
import { verifySignature } from '../signature.ts';
import { halfOf, lockDevice } from './devices.ts';
import { signedIn } from './members.ts';

/** The key of a device and whose it is: each scope has devices of its own. */
async function keyOf(
	{ store }: Context,
	{ device, scope }: { device: string; scope: Scope },
): Promise<{ member: string; public_key: string } | undefined> {
	return store
		.selectFrom(scope === 'staff' ? 'devices' : 'presence_devices')
		.select(['member', 'public_key'])
		.where('id', '=', device)
		.executeTakeFirst();
}

function tokenRoutes(app: FastifyInstance, context: Context): void {
	const { store, tokens, clock, settings } = context;
	app.post('/device/challenge', async (request) => {
		const { device } = bodyOf(ChallengeRequest, request);
		return { nonce: tokens.challenge(device) };
	});
	app.post('/device/token', async (request) => {
		const { device, nonce, origin, scope, signature } = bodyOf(TokenRequest, request);
		// The hook of every mutation has seen that this origin is on the list.
		if (origin !== request.headers.origin) throw new ServerError('origin');
		const row = await keyOf(context, { device, scope });
		const answered = tokens.answers(nonce, device);
		if (!row && scope === 'presence') throw new ServerError('not-found');
		if (!row || !answered) throw new ServerError('token');
		const message = Buffer.from(tokenText({ origin, scope, nonce }));
		const { public_key: publicKey, member } = row;
		if (!verifySignature({ publicKey, context: 'sotto/token/v1', message, signature }))
			throw new ServerError('token');
		// An extension opens nothing that has to be locked.
		if (scope === 'staff') await halfOf(store, { device, clock, idleMs: settings.idleMs });
		return {
			token: tokens.issue({ member, device, scope, origin }),
			expiresInMs: limits.tokenMs,
		};
	});
}

/** /api/device/*, /api/me. */
export function deviceRoutes(app: FastifyInstance, context: Context): void {
	const { store, tokens, clock, settings, history, hub } = context;
	tokenRoutes(app, context);
	app.get('/me', async (request) => {
		const { member, device } = await staffOf(context, request);
		const half = await halfOf(store, { device, clock, idleMs: settings.idleMs });
		// The list and the keys that fit it have to be of one moment.
		return store
			.transaction()
			.execute((db) => signedIn(db, { member, opened: { device, half }, idleMs: settings.idleMs }));
	});
	app.post('/device/active', async (request, reply) => {
		const { device } = await staffOf(context, request);
		await store
			.updateTable('devices')
			.set({ active_at: clock.now() })
			.where('id', '=', device)
			.execute();
		return reply.code(204).send();
	});
	app.post('/device/lock', async (request, reply) => {
		const { member, device } = await staffOf(context, request, { evenIdle: true });
		await store.transaction().execute(async (db) => {
			await lockDevice(db, device);
			await history.add(db, { act: 'locked', who: member });
		});
		tokens.revoke(device);
		hub.dropDevice(device, { evenInCall: false });
		return reply.code(204).send();
	});
	app.post('/device/sign-out', async (request, reply) => {
		const { member, device } = await staffOf(context, request, { evenIdle: true });
		await store.transaction().execute(async (db) => {
			await db.deleteFrom('devices').where('id', '=', device).execute();
			await noteSignedOut(db, history, { device, member });
			await history.add(db, { act: 'signed-out', who: member });
		});
		tokens.revoke(device);
		hub.dropDevice(device, { evenInCall: true });
		return reply.code(204).send();
	});
}
