import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import { countTry } from '../guard.ts';
import { bodyOf, stored } from '../parse.ts';
import { Account } from '../protocol/account.ts';
import { PasskeyFinish, PasskeyStart } from '../protocol/unlockers.ts';
import { newId, newSecret } from '../random.ts';
import { verifySignature } from '../signature.ts';
import { letIn } from './enter.ts';

const beginningMs = 60_000;
const beginningsMax = 10_000;
/** Whoever has no passkey is checked against a key that nobody holds, in the same time. */
const nobody = Buffer.alloc(32, 1).toString('base64url');

/** /api/passkey/*: in with a key that only the member's passkey gives. */
export function passkeyRoutes(app: FastifyInstance, context: Context): void {
	const { store, tries, clock } = context;
	const logins = new Expiring<{ member: string; nonce: string }>({
		clock,
		lifeMs: beginningMs,
		max: beginningsMax,
	});
	app.post('/passkey/start', async (request) => {
		const { member } = bodyOf(PasskeyStart, request);
		countTry(context, request, member);
		const login = newId();
		const nonce = newSecret();
		logins.set(login, { member, nonce });
		return { login, nonce };
	});
	app.post('/passkey/finish', async (request) => {
		const { login, signature, device } = bodyOf(PasskeyFinish, request);
		const begun = logins.take(login);
		if (!begun) throw new ServerError('login-failed');
		const { member, nonce } = begun;
		const row = await store
			.selectFrom('members')
			.select('account')
			.where('id', '=', member)
			.executeTakeFirst();
		const keys = row ? passkeysIn(row.account) : [];
		const message = Buffer.concat([Buffer.from(nonce, 'base64url'), Buffer.from(member)]);
		const signed = (keys.length > 0 ? keys : [nobody]).some((publicKey) =>
			verifySignature({ publicKey, context: 'sotto/passkey/v1', message, signature }),
		);
		if (!row || keys.length === 0 || !signed) throw new ServerError('login-failed');
		tries.forgive(`account ${member}`);
		const { account } = row;
		return letIn(context, { member, device, way: 'passkey', against: { account } });
	});
}

function passkeysIn(account: string): string[] {
	return stored(Account, account).unlockers.flatMap(({ kind, publicKey }) =>
		kind === 'passkey' && publicKey !== undefined ? [publicKey] : [],
	);
}
