import { expect, test } from 'vitest';
import { random, toBase64url, utf8 } from '#crypto/bytes.ts';
import { sign, verify } from '#crypto/identity/signing.ts';
import { createAccountKey } from './key.ts';
import { passkeyAuthKey, unlockSalt, unlockWithPasskey, wrapWithPasskey } from './passkey.ts';

const account = toBase64url(random(16));
const accountKey = createAccountKey();

test('the passkey that it was wrapped for opens the account key, for its own account', async () => {
	const prf = random(32);
	const wrapped = await wrapWithPasskey({ account, accountKey, prf });
	expect(await unlockWithPasskey({ account, prf, wrapped })).toEqual(accountKey);
	const other = { account: toBase64url(random(16)), prf, wrapped };
	await expect(unlockWithPasskey(other)).rejects.toThrow('open-failed');
	await expect(unlockWithPasskey({ account, prf: random(32), wrapped })).rejects.toThrow(
		'open-failed',
	);
	await expect(unlockWithPasskey({ account, prf: random(31), wrapped })).rejects.toThrow('bad-key');
	await expect(unlockWithPasskey({ account, prf, wrapped: wrapped.slice(0, 20) })).rejects.toThrow(
		'truncated',
	);
});

test('its signature proves it, and its public half opens nothing', async () => {
	const prf = random(32);
	const [key, again] = [await passkeyAuthKey(prf), await passkeyAuthKey(prf)];
	expect(again.publicKey).toEqual(key.publicKey);
	const message = utf8('nonce');
	const signature = await sign(key, 'sotto/passkey/v1', message);
	const { publicKey } = again;
	expect(await verify({ publicKey, context: 'sotto/passkey/v1', message, signature })).toBe(true);
	const wrapped = await wrapWithPasskey({ account, accountKey, prf });
	await expect(unlockWithPasskey({ account, prf: publicKey, wrapped })).rejects.toThrow(
		'open-failed',
	);
	expect(await unlockSalt()).toHaveLength(32);
});
