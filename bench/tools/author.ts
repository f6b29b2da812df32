import { openAccount } from '#crypto/account/account.ts';
import { loginFinish, loginStart } from '#crypto/account/opaque.ts';
import { unlockWithExportKey } from '#crypto/account/unlock.ts';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { call } from '../../tests/wire.ts';

/** Who signs what is written straight into the database. */
export interface Author {
	readonly id: string;
	readonly identity: Identity;
}

/** The keys of a member, as her own browser opens them with her password. */
export async function authorOf(
	address: string,
	{ email, password }: { email: string; password: string },
): Promise<Author> {
	const { startLoginRequest, state } = await loginStart(password);
	const body = { email, startLoginRequest };
	const started = await call(address, 'POST', '/api/login/start', { body });
	const { login, loginResponse } = started.body;
	const opened = { password, state, loginResponse, pinnedServerKey: undefined };
	const { finishLoginRequest, exportKey } = await loginFinish(opened);
	const { publicKey } = await generateSigningKey();
	const device = { publicKey: toBase64url(publicKey), name: 'bench' };
	const finish = { login, finishLoginRequest, device };
	const finished = await call(address, 'POST', '/api/login/finish', { body: finish });
	const { member, account } = finished.body;
	const unlocker = account.unlockers.find(({ kind }: { kind: string }) => kind === 'password');
	const accountKey = await unlockWithExportKey({
		account: member.id,
		exportKey,
		wrapped: fromBase64url(unlocker.wrapped),
	});
	const sealedIdentity = fromBase64url(account.identity);
	const { identity } = await openAccount({ account: member.id, accountKey, sealedIdentity });
	return { id: member.id, identity };
}
