import { argon2id } from '@noble/hashes/argon2.js';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { unlockSalt } from '#crypto/account/passkey.ts';
import { random, toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	createVaultKey,
	lockVault,
	lockVaultWithPasskey,
	openInVault,
	sealInVault,
	stretch,
	unlockVault,
	unlockVaultWithPasskey,
	vaultSalt,
} from './vault.ts';

const newId = () => toBase64url(random(16));
const member = newId();
/** The same with little memory, so that many can be tried. */
const how = { memoryKiB: 64, passes: 1, lanes: 1 };
const passphrase = 'correct horse battery';

test('Argon2id is that of RFC 9106 §5.3', () => {
	const tag = argon2id(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), {
		m: 32,
		t: 3,
		p: 4,
		dkLen: 32,
		key: new Uint8Array(8).fill(3),
		personalization: new Uint8Array(12).fill(4),
	});
	expect(toHex(tag)).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
});

test('what a passphrase costs to try is what RFC 9106 asks of a device with little memory', () => {
	expect(stretch.memoryKiB).toBeGreaterThanOrEqual(64 * 1024);
	expect(stretch.passes).toBeGreaterThanOrEqual(3);
});

test('the passphrase opens it, however its letters were typed', async () => {
	const vaultKey = createVaultKey();
	const lock = await lockVault({ member, vaultKey, passphrase: 'Grüße aus Köln', how });
	const typed = ' Gru\u0308ße aus Ko\u0308ln ';
	expect(await unlockVault({ member, lock, passphrase: typed })).toEqual(vaultKey);
});

test('nothing else opens it: another passphrase, member, salt, parameters or byte', async () => {
	const lock = await lockVault({ member, vaultKey: createVaultKey(), passphrase, how });
	const open = (change: Partial<Parameters<typeof unlockVault>[0]>) =>
		unlockVault({ member, lock, passphrase, ...change });
	await expect(open({ passphrase: 'correct horse batterie' })).rejects.toThrow('wrong-password');
	await expect(open({ member: newId() })).rejects.toThrow('wrong-password');
	const salted = { ...lock, salt: toBase64url(random(32)) };
	await expect(open({ lock: salted })).rejects.toThrow('wrong-password');
	const cheaper = { ...lock, stretch: { ...how, memoryKiB: 32 } };
	await expect(open({ lock: cheaper })).rejects.toThrow('wrong-password');
	const endless = { ...lock, stretch: { ...how, passes: 1_000_000 } };
	await expect(open({ lock: endless })).rejects.toThrow('bad-encoding');
	await expect(
		lockVault({ member, vaultKey: createVaultKey(), passphrase: 'short', how }),
	).rejects.toThrow('bad-key');
});

test('a passkey opens it too, and no other passkey or member does', async () => {
	const [vaultKey, prf] = [createVaultKey(), random(32)];
	const wrapped = await lockVaultWithPasskey({ member, vaultKey, prf });
	expect(await unlockVaultWithPasskey({ member, wrapped, prf })).toEqual(vaultKey);
	const open = (change: object) => unlockVaultWithPasskey({ member, wrapped, prf, ...change });
	await expect(open({ prf: random(32) })).rejects.toThrow('open-failed');
	await expect(open({ member: newId() })).rejects.toThrow('open-failed');
	await expect(open({ prf: random(16) })).rejects.toThrow('bad-key');
	// What the account's own unlocking asks of the same passkey gives nothing here.
	expect(await vaultSalt()).not.toEqual(await unlockSalt());
});

test('what is kept of a copy opens with this vault and in its own place only', async () => {
	const [vaultKey, recording] = [createVaultKey(), newId()];
	await fc.assert(
		fc.asyncProperty(fc.string(), fc.nat(), async (text, place) => {
			const sealed = await sealInVault(vaultKey, recording, utf8(text.toWellFormed()));
			expect(await openInVault(vaultKey, recording, sealed)).toEqual(utf8(text.toWellFormed()));
			await expect(openInVault(vaultKey, newId(), sealed)).rejects.toThrow('open-failed');
			await expect(openInVault(createVaultKey(), recording, sealed)).rejects.toThrow('open-failed');
			const at = place % sealed.length;
			sealed[at] = (sealed[at] ?? 0) ^ 1;
			await expect(openInVault(vaultKey, recording, sealed)).rejects.toBeInstanceOf(CryptoError);
		}),
		{ numRuns: 30 },
	);
});
