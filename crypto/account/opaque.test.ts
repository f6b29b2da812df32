import { server, ready } from '@serenity-kit/opaque';
import { beforeAll, expect, test } from 'vitest';
import { fromBase64url } from '#crypto/bytes.ts';
import { loginFinish, loginStart, registrationFinish, registrationStart } from './opaque.ts';
import { createAccountKey } from './key.ts';
import { unlockWithExportKey, wrapWithExportKey } from './unlock.ts';

/** The server's half, as the library gives it. */
class Server {
	readonly #setup: string;
	#record: string | null = null;

	constructor() {
		this.#setup = server.createSetup();
	}

	get publicKey(): string {
		return server.getPublicKey(this.#setup);
	}

	async register(password: string, pinnedServerKey?: string) {
		const { registrationRequest, state } = await registrationStart(password);
		const { registrationResponse } = server.createRegistrationResponse({
			serverSetup: this.#setup,
			userIdentifier: 'maya',
			registrationRequest,
		});
		const done = await registrationFinish({
			password,
			state,
			registrationResponse,
			pinnedServerKey,
		});
		this.#record = done.registrationRecord;
		return done;
	}

	async login(password: string, pinnedServerKey?: string) {
		const { startLoginRequest, state } = await loginStart(password);
		const { loginResponse, serverLoginState } = server.startLogin({
			serverSetup: this.#setup,
			userIdentifier: 'maya',
			registrationRecord: this.#record,
			startLoginRequest,
		});
		const done = await loginFinish({ password, state, loginResponse, pinnedServerKey });
		const { finishLoginRequest } = done;
		const { sessionKey } = server.finishLogin({ serverLoginState, finishLoginRequest });
		return { ...done, sessionKeyOfServer: sessionKey };
	}
}

beforeAll(() => ready);

test('the same password gives the same export key, which unlocks the account', async () => {
	const practice = new Server();
	const registered = await practice.register('correct horse');
	const loggedIn = await practice.login('correct horse', registered.serverStaticPublicKey);
	expect(loggedIn.exportKey).toBe(registered.exportKey);
	expect(loggedIn.serverStaticPublicKey).toBe(practice.publicKey);
	expect(loggedIn.sessionKeyOfServer).toBe(loggedIn.sessionKey);
	expect(fromBase64url(loggedIn.exportKey).length).toBe(64);
	const accountKey = createAccountKey();
	const { exportKey } = registered;
	const wrapped = await wrapWithExportKey({ account: 'a', accountKey, exportKey });
	expect(
		await unlockWithExportKey({ account: 'a', exportKey: loggedIn.exportKey, wrapped }),
	).toEqual(accountKey);
}, 30_000);

test('a wrong password is said to be wrong, an unknown account looks the same', async () => {
	const practice = new Server();
	await practice.register('correct horse');
	await expect(practice.login('correct hors')).rejects.toThrow('wrong-password');
	await expect(new Server().login('correct horse')).rejects.toThrow('wrong-password');
	await expect(loginStart('')).rejects.toThrow('wrong-password');
	await expect(registrationStart('')).rejects.toThrow('wrong-password');
}, 30_000);

test('another server key than the pinned one is refused', async () => {
	const practice = new Server();
	const stranger = new Server().publicKey;
	await expect(practice.register('correct horse', stranger)).rejects.toThrow('bad-key');
	await practice.register('correct horse', practice.publicKey);
	await expect(practice.login('correct horse', stranger)).rejects.toThrow('bad-key');
}, 30_000);

test('two spellings of one password are one password', async () => {
	const practice = new Server();
	const registered = await practice.register('fa\u00e7ade one');
	const loggedIn = await practice.login('fac\u0327ade\u00a0one');
	expect(loggedIn.exportKey).toBe(registered.exportKey);
}, 30_000);

test('answers that are none are refused by code', async () => {
	const password = 'correct horse';
	const { state } = await loginStart(password);
	for (const loginResponse of ['', 'AAAA', '!'])
		await expect(loginFinish({ password, state, loginResponse })).rejects.toThrow('bad-encoding');
	const started = await registrationStart(password);
	await expect(
		registrationFinish({ password, state: started.state, registrationResponse: 'AAAA' }),
	).rejects.toThrow('bad-encoding');
});
