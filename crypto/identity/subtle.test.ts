import { Crypto } from '@peculiar/webcrypto';
import { afterEach, expect, test, vi } from 'vitest';
import { random, toBase64url, utf8 } from '#crypto/bytes.ts';
import { createAccountKey } from '#crypto/account/key.ts';
import { unlockWithExportKey, wrapWithExportKey } from '#crypto/account/unlock.ts';
import { safetyDigits } from '#crypto/safety/digits.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import { type IdentitySecret, createStaffIdentity, openIdentity } from './identity.ts';
import { sign, verify } from './signing.ts';

const native = globalThis.crypto;
const peculiar = new Crypto();

/** Runs `call` with that WebCrypto in the place of the platform's. Keys do not cross; bytes do. */
async function under<T>(webcrypto: typeof native, call: () => Promise<T>): Promise<T> {
	vi.stubGlobal('crypto', webcrypto);
	return call();
}

afterEach(() => vi.unstubAllGlobals());

const info = 'sotto/test/v1';
const aad = utf8('aad');
const plaintext = utf8('hello');

async function sealed(secret: IdentitySecret, suite: 'x25519' | 'xwing') {
	const { publicIdentity } = await openIdentity(secret);
	return sealTo({ to: publicIdentity, suite, info, aad, plaintext });
}

test.each([
	['the platform’s', native, peculiar],
	['the other', peculiar, native],
])('what %s WebCrypto sealed and signed, another opens and verifies', async (_, first, second) => {
	const { secret } = await under(first, createStaffIdentity);
	const { publicIdentity, signing } = await under(first, () => openIdentity(secret));
	const theirs = await under(second, () => openIdentity(secret));
	expect(theirs.publicIdentity).toEqual(publicIdentity);
	for (const suite of ['x25519', 'xwing'] as const) {
		const box = await under(first, () => sealed(secret, suite));
		const opened = under(second, () => openSealed({ opener: theirs, info, aad, sealed: box }));
		expect(await opened).toEqual(plaintext);
	}
	const signature = await under(first, () => sign(signing, 'sotto/notice/v1', plaintext));
	const claim = { publicKey: publicIdentity.ed25519, message: plaintext, signature };
	const verified = under(second, () => verify({ ...claim, context: 'sotto/notice/v1' }));
	expect(await verified).toBe(true);
	const other = under(second, () => verify({ ...claim, context: 'sotto/receipt/v1' }));
	expect(await other).toBe(false);
});

test('both unlock the same wrap and read the same digits', async () => {
	const account = { account: 'a', exportKey: toBase64url(random(64)) };
	const accountKey = createAccountKey();
	const wrapped = await under(native, () => wrapWithExportKey({ ...account, accountKey }));
	const unlocked = under(peculiar, () => unlockWithExportKey({ ...account, wrapped }));
	expect(await unlocked).toEqual(accountKey);
	const authenticator = random(32);
	const digits = await under(native, () => safetyDigits(authenticator));
	expect(await under(peculiar, () => safetyDigits(authenticator))).toBe(digits);
});
