import { expect, test } from 'vitest';
import { createAccount, openAccount } from '#crypto/account/account.ts';
import {
	loginFinish,
	loginStart,
	registrationFinish,
	registrationStart,
} from '#crypto/account/opaque.ts';
import { unlockWithExportKey } from '#crypto/account/unlock.ts';
import { random, toBase64url, utf8 } from '#crypto/bytes.ts';
import { makeGrant, openGrant } from '#crypto/grant/grant.ts';
import {
	type Identity,
	createStaffIdentity,
	generateParticipantIdentity,
	openIdentity,
} from '#crypto/identity/identity.ts';
import { sign, verify } from '#crypto/identity/signing.ts';
import { safetyDigits } from '#crypto/safety/digits.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import { createTrackKey } from '#crypto/track/key.ts';
import { server } from '@serenity-kit/opaque';

const info = 'sotto/test/v1';
const aad = utf8('aad');
const plaintext = utf8('hello');

const id = () => toBase64url(random(16));

function request<T>(of: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		of.addEventListener('success', () => resolve(of.result));
		of.addEventListener('error', () => reject(new Error(of.error?.name)));
	});
}

/** What IndexedDB gives back of a value, from a fresh connection. */
async function stored(identity: Identity): Promise<Identity> {
	const name = toBase64url(random(16));
	const open = () => {
		const opening = indexedDB.open(name, 1);
		opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('keys'));
		return request(opening);
	};
	const written = await open();
	await request(written.transaction('keys', 'readwrite').objectStore('keys').put(identity, 1));
	written.close();
	const read = await open();
	const value = await request<Identity>(read.transaction('keys').objectStore('keys').get(1));
	read.close();
	indexedDB.deleteDatabase(name);
	return value;
}

test('a participant’s keys live in IndexedDB, still work, and cannot be exported', async () => {
	const identity = await stored(await generateParticipantIdentity());
	const { publicIdentity, signing, x25519 } = identity;
	const sealed = await sealTo({ to: publicIdentity, info, aad, plaintext });
	expect(await openSealed({ opener: identity, info, aad, sealed })).toEqual(plaintext);
	const claim = { context: 'sotto/claim/v1', message: plaintext } as const;
	const signature = await sign(signing, claim.context, plaintext);
	const publicKey = publicIdentity.ed25519;
	expect(await verify({ ...claim, publicKey, signature })).toBe(true);
	for (const key of [signing.privateKey, x25519])
		await expect(crypto.subtle.exportKey('pkcs8', key)).rejects.toThrow();
});

test('a staff identity opens from its secret and opens boxes and grants', async () => {
	const { secret, identity } = await createStaffIdentity();
	const again = await openIdentity(secret);
	expect(again.publicIdentity).toEqual(identity.publicIdentity);
	for (const suite of ['x25519', 'xwing'] as const) {
		const sealed = await sealTo({ to: identity.publicIdentity, suite, info, aad, plaintext });
		expect(await openSealed({ opener: again, info, aad, sealed })).toEqual(plaintext);
	}
	const keys = [{ track: id(), key: createTrackKey() }];
	const recording = id();
	const recipient = { id: id(), publicIdentity: identity.publicIdentity };
	const grantor = { id: id(), signing: identity.signing };
	const grant = await makeGrant({ recording, recipient, grantor, expiresAt: null, keys });
	const grantorKey = identity.publicIdentity.ed25519;
	const opened = await openGrant({ grant, recording, identity: again, grantorKey });
	expect(opened.keys).toEqual(keys);
});

test('an account is set up and unlocked by its password', { timeout: 30_000 }, async () => {
	const password = 'correct horse';
	const account = 'account-1';
	const { registrationRequest, state } = await registrationStart(password);
	const serverSetup = server.createSetup();
	const user = { serverSetup, userIdentifier: account };
	const registering = server.createRegistrationResponse({ ...user, registrationRequest });
	const registered = await registrationFinish({ password, state, ...registering });
	const { exportKey, registrationRecord } = registered;
	const { record, identity } = await createAccount({ account, exportKey });
	const started = await loginStart(password);
	const { startLoginRequest } = started;
	const login = server.startLogin({ ...user, registrationRecord, startLoginRequest });
	const done = await loginFinish({
		password,
		state: started.state,
		loginResponse: login.loginResponse,
		pinnedServerKey: registered.serverStaticPublicKey,
	});
	const wrapped = record.wrappedByPassword;
	const accountKey = await unlockWithExportKey({ account, exportKey: done.exportKey, wrapped });
	const { sealedIdentity } = record;
	const opened = await openAccount({ account, accountKey, sealedIdentity });
	expect(opened.identity.publicIdentity).toEqual(identity.publicIdentity);
});

test('safety digits are those of every other platform', async () => {
	const authenticator = new Uint8Array(32).map((_, at) => at % 16);
	expect(await safetyDigits(authenticator)).toBe('66114 14149 37506 57701 59692 53866');
});
