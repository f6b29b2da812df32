import { beforeAll, describe, expect, test } from 'vitest';
import { type Bytes, random, toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import { type AccountRecord, createAccount, openAccount } from './account.ts';
import {
	type AccountKey,
	createAccountKey,
	openUnderAccountKey,
	sealUnderAccountKey,
	toAccountKey,
} from './key.ts';
import { type RecoveryKey, createRecoveryKey, recoveryAuthKey } from './recovery.ts';
import {
	unlockWithExportKey,
	unlockWithRecoveryKey,
	unwrapForDevice,
	wrapForDevice,
	wrapWithExportKey,
} from './unlock.ts';

const account = 'account-1';
const exportKey = toBase64url(random(64));
let made: { accountKey: AccountKey; recoveryKey: RecoveryKey; record: AccountRecord };

beforeAll(async () => {
	made = await createAccount({ account, exportKey });
});

const flips = (bytes: Bytes): Bytes[] =>
	[0, 1, 40, bytes.length - 1].map((at) => {
		const copy = bytes.slice();
		copy[at] = (copy[at] ?? 0) ^ 1;
		return copy;
	});

test('an account is unlocked by its password and by its recovery key, to the same identity', async () => {
	const { accountKey, recoveryKey, record } = made;
	const { wrappedByPassword, wrappedByRecoveryKey, sealedIdentity } = record;
	const byPassword = await unlockWithExportKey({
		account,
		exportKey,
		wrapped: wrappedByPassword,
	});
	const wrapped = wrappedByRecoveryKey;
	const byRecovery = await unlockWithRecoveryKey({ account, recoveryKey, wrapped });
	expect(byPassword).toEqual(accountKey);
	expect(byRecovery).toEqual(accountKey);
	const opened = await openAccount({ account, accountKey: byPassword, sealedIdentity });
	const again = await openAccount({ account, accountKey: byRecovery, sealedIdentity });
	expect(opened.identity.publicIdentity).toEqual(again.identity.publicIdentity);
});

test('an account has another account key and recovery key each time', async () => {
	const other = await createAccount({ account, exportKey });
	expect(other.accountKey).not.toEqual(made.accountKey);
	expect(other.recoveryKey).not.toEqual(made.recoveryKey);
});

test('an account keeps nothing in clear in its record', () => {
	const { accountKey, recoveryKey, record } = made;
	const kept = Object.values(record).map(toHex).join();
	for (const secret of [accountKey, recoveryKey]) expect(kept).not.toContain(toHex(secret));
	expect(record.wrappedByPassword.length).toBe(1 + 32 + 32 + 16);
});

test('an account does not open with what is another account’s', async () => {
	const { accountKey, recoveryKey, record } = made;
	const { sealedIdentity } = record;
	await expect(openAccount({ account: 'account-2', accountKey, sealedIdentity })).rejects.toThrow(
		'open-failed',
	);
	await expect(
		unlockWithExportKey({ account: 'account-2', exportKey, wrapped: record.wrappedByPassword }),
	).rejects.toThrow('wrong-password');
	await expect(
		unlockWithRecoveryKey({
			account: 'account-2',
			recoveryKey,
			wrapped: record.wrappedByRecoveryKey,
		}),
	).rejects.toThrow('wrong-recovery-key');
	// Both wraps hold the same bytes: one may not stand for the other.
	await expect(
		unlockWithRecoveryKey({ account, recoveryKey, wrapped: record.wrappedByPassword }),
	).rejects.toThrow('wrong-recovery-key');
});

test('an account says wrong password, wrong recovery key', async () => {
	const { record } = made;
	const wrong = toBase64url(random(64));
	const wrapped = record.wrappedByPassword;
	await expect(unlockWithExportKey({ account, exportKey: wrong, wrapped })).rejects.toThrow(
		'wrong-password',
	);
	const recoveryKey = createRecoveryKey();
	const byRecovery = { account, recoveryKey, wrapped: record.wrappedByRecoveryKey };
	await expect(unlockWithRecoveryKey(byRecovery)).rejects.toThrow('wrong-recovery-key');
	for (const bad of ['', 'AAAA', '=', toBase64url(random(63))])
		await expect(unlockWithExportKey({ account, exportKey: bad, wrapped })).rejects.toThrow(
			/bad-key|bad-encoding/,
		);
});

test('an account takes a new password without another account key', async () => {
	const next = toBase64url(random(64));
	const { accountKey } = made;
	const wrapped = await wrapWithExportKey({ account, accountKey, exportKey: next });
	expect(await unlockWithExportKey({ account, exportKey: next, wrapped })).toEqual(accountKey);
	await expect(unlockWithExportKey({ account, exportKey, wrapped })).rejects.toThrow();
});

test('altered or cut wraps are refused', async () => {
	const wrapped = made.record.wrappedByPassword;
	for (const bad of flips(wrapped))
		await expect(unlockWithExportKey({ account, exportKey, wrapped: bad })).rejects.toThrow(
			/wrong-password|unknown-version/,
		);
	for (const length of [0, 1, 48])
		await expect(
			unlockWithExportKey({ account, exportKey, wrapped: wrapped.slice(0, length) }),
		).rejects.toThrow('truncated');
});

describe('data under the account key', () => {
	test('opens in its own context only', async () => {
		const key = createAccountKey();
		const sealed = await sealUnderAccountKey(key, 'practice', utf8('note'));
		expect(await openUnderAccountKey(key, 'practice', sealed)).toEqual(utf8('note'));
		await expect(openUnderAccountKey(key, 'identity', sealed)).rejects.toThrow('open-failed');
		await expect(openUnderAccountKey(createAccountKey(), 'practice', sealed)).rejects.toThrow(
			'open-failed',
		);
		expect(await sealUnderAccountKey(key, 'practice', utf8('note'))).not.toEqual(sealed);
	});

	test('an account key has 32 bytes', () => {
		expect(() => toAccountKey(random(31))).toThrow('bad-key');
	});
});

describe('a device', () => {
	const halves = { account, device: 'device-1', deviceSecret: random(32), serverHalf: random(32) };

	test('opens its copy with both halves only', async () => {
		const { accountKey } = made;
		const wrapped = await wrapForDevice({ ...halves, accountKey });
		expect(await unwrapForDevice({ ...halves, wrapped })).toEqual(accountKey);
		const wrong = [
			{ serverHalf: random(32) },
			{ deviceSecret: random(32) },
			{ deviceSecret: halves.serverHalf, serverHalf: halves.deviceSecret },
			{ device: 'device-2' },
			{ account: 'account-2' },
		];
		for (const change of wrong)
			await expect(unwrapForDevice({ ...halves, ...change, wrapped })).rejects.toThrow(
				'open-failed',
			);
		for (const bad of flips(wrapped))
			await expect(unwrapForDevice({ ...halves, wrapped: bad })).rejects.toThrow(
				/open-failed|unknown-version/,
			);
		await expect(
			unwrapForDevice({ ...halves, serverHalf: new Uint8Array(), wrapped }),
		).rejects.toThrow(TypeError);
	});
});

test('the key that proves possession of the recovery key is its own', async () => {
	const key = createRecoveryKey();
	const [first, again, other] = await Promise.all([
		recoveryAuthKey(key),
		recoveryAuthKey(key),
		recoveryAuthKey(createRecoveryKey()),
	]);
	expect(first.publicKey).toEqual(again.publicKey);
	expect(first.publicKey).not.toEqual(other.publicKey);
	expect(made.record.recoveryPublicKey).toEqual(
		(await recoveryAuthKey(made.recoveryKey)).publicKey,
	);
});
