import { CryptoError } from '#crypto/errors.ts';

/**
 * The client's half of OPAQUE (RFC 9807). The password never leaves this device; all messages are the
 * library's own base64url strings. The library (WebAssembly) is loaded at the first call.
 */

/** Argon2id with 64 MiB and 3 passes: what a phone can do. Stored with every account; a change locks out who registered before. */
export const keyStretching = 'memory-constrained';

/** What a finished registration gives. */
export interface Registration {
	/** For the server to keep. */
	readonly registrationRecord: string;
	/** 64 bytes: unlocks the account key, see `wrapWithExportKey`. Never sent. */
	readonly exportKey: string;
	/** To be pinned. */
	readonly serverStaticPublicKey: string;
}

/** What a finished login gives. */
export interface Login {
	/** Proves to the server that the password was right. */
	readonly finishLoginRequest: string;
	/** The same bytes as at registration. Never sent. */
	readonly exportKey: string;
	/** 64 bytes that the server has too. */
	readonly sessionKey: string;
	readonly serverStaticPublicKey: string;
}

async function library() {
	const { client, ready } = await import('@serenity-kit/opaque');
	await ready;
	return client;
}

/** First message of a registration; `state` stays here until `registrationFinish`. Throws `wrong-password` when it is empty. */
export async function registrationStart(
	password: string,
): Promise<{ registrationRequest: string; state: string }> {
	const { startRegistration } = await library();
	const { registrationRequest, clientRegistrationState: state } = startRegistration({
		password: prepared(password),
	});
	return { registrationRequest, state };
}

/**
 * Ends a registration with the server's answer; half a second or more of work.
 * Throws `bad-encoding` for an answer that is none, `bad-key` when the server's key is not the pinned one.
 */
export async function registrationFinish(options: {
	password: string;
	state: string;
	registrationResponse: string;
	/** The key from the invitation, where there is one; at first setup the answer is pinned afterwards. */
	pinnedServerKey?: string | undefined;
}): Promise<Registration> {
	const { password, state, registrationResponse, pinnedServerKey } = options;
	const { finishRegistration } = await library();
	const result = parsed(() =>
		finishRegistration({
			password: prepared(password),
			clientRegistrationState: state,
			registrationResponse,
			keyStretching,
		}),
	);
	checkServer(result.serverStaticPublicKey, pinnedServerKey);
	const { registrationRecord, exportKey, serverStaticPublicKey } = result;
	return { registrationRecord, exportKey, serverStaticPublicKey };
}

/** First message of a login; `state` stays here until `loginFinish`. Throws `wrong-password` when it is empty. */
export async function loginStart(
	password: string,
): Promise<{ startLoginRequest: string; state: string }> {
	const { startLogin } = await library();
	const { startLoginRequest, clientLoginState: state } = startLogin({
		password: prepared(password),
	});
	return { startLoginRequest, state };
}

/**
 * Ends a login with the server's answer. Throws `wrong-password` when it is wrong (or the account
 * unknown: the two look the same), `bad-encoding` for an answer that is none, `bad-key` when the
 * server proved another key than the pinned one.
 */
export async function loginFinish(options: {
	password: string;
	state: string;
	loginResponse: string;
	/** What this device, the recovery sheet or the invitation knows of the server; without one the caller pins the answer. */
	pinnedServerKey?: string | undefined;
}): Promise<Login> {
	const { password, state, loginResponse, pinnedServerKey } = options;
	const { finishLogin } = await library();
	const result = parsed(() =>
		finishLogin({
			password: prepared(password),
			clientLoginState: state,
			loginResponse,
			keyStretching,
		}),
	);
	if (result === undefined) throw new CryptoError('wrong-password');
	checkServer(result.serverStaticPublicKey, pinnedServerKey);
	const { finishLoginRequest, exportKey, sessionKey, serverStaticPublicKey } = result;
	return { finishLoginRequest, exportKey, sessionKey, serverStaticPublicKey };
}

// RFC 8265 §4.2: two keyboards that show the same password must send the same one.
function prepared(password: string): string {
	const text = password.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
	if (text === '') throw new CryptoError('wrong-password');
	return text;
}

function parsed<T>(call: () => T): T {
	try {
		return call();
	} catch (cause) {
		// The library throws plain errors for messages that it cannot read.
		throw new CryptoError('bad-encoding', { cause });
	}
}

function checkServer(key: string, pinned: string | undefined): void {
	if (pinned !== undefined && key !== pinned) throw new CryptoError('bad-key');
}
