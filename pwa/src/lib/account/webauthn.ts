import { type Bytes, fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { packaged } from '#lib/net/home.ts';

/** A passkey that answered, and the result of its PRF (WebAuthn level 3, §10.1.4) for the salt that was given. */
export interface Answered {
	/** Credential id. */
	readonly credential: string;
	/** What `make` was told as the owner; null where the authenticator does not say. */
	readonly owner: string | null;
	/** 32 bytes. */
	readonly prf: Bytes;
}

/** A person shall not be asked longer than this. */
const patienceMs = 120_000;
/** EdDSA, ES256, RS256 (RFC 9053, RFC 8812): what is signed is not looked at, so every one will do. */
const algorithms = [-8, -7, -257];

/** An address by number has no name that a passkey could be for. */
const numbered = /^[\d.]+$|:/;

/**
 * Whether this browser can be asked for a passkey. The pages in the extension have an address of their own, for which
 * no other passkey is.
 */
export const passkeysHere = (): boolean =>
	!packaged &&
	typeof globalThis.PublicKeyCredential === 'function' &&
	!numbered.test(location.hostname);

/**
 * Makes a passkey and asks it once, so that one whose PRF does not give the same twice is never relied on. Throws
 * `no-key` where the person says no or takes too long, `unknown-version` where her authenticator has no PRF.
 */
export async function makePasskey(options: {
	/** Id. */
	owner: string;
	name: string;
	displayName: string;
	salt: Bytes;
	/** Credential ids of those that she has: a second one on the same authenticator is refused there. */
	known: readonly string[];
}): Promise<Answered> {
	const { owner, name, displayName, salt, known } = options;
	const made = await asked(() =>
		navigator.credentials.create({
			publicKey: {
				rp: { name: 'Sotto' },
				user: { id: fromBase64url(owner), name, displayName },
				challenge: random(32),
				pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
				excludeCredentials: known.map(descriptor),
				authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
				extensions: { prf: { eval: { first: salt } } },
				timeout: patienceMs,
			},
		}),
	);
	const extensions = made.getClientExtensionResults();
	if (!extensions.prf?.enabled) throw new CryptoError('unknown-version');
	const credential = toBase64url(new Uint8Array(made.rawId));
	const first = bytesOf(extensions.prf.results?.first);
	const { prf } = await askPasskey({ salt, only: [credential] });
	const second = first ?? (await askPasskey({ salt, only: [credential] })).prf;
	if (toBase64url(second) !== toBase64url(prf)) throw new CryptoError('unknown-version');
	return { credential, owner, prf };
}

/** Asks for a passkey of this site, or one of `only`. Throws as `makePasskey`. */
export async function askPasskey(options: {
	salt: Bytes;
	only?: readonly string[];
}): Promise<Answered> {
	const { salt, only = [] } = options;
	const got = await asked(() =>
		navigator.credentials.get({
			publicKey: {
				challenge: random(32),
				allowCredentials: only.map(descriptor),
				userVerification: 'required',
				extensions: { prf: { eval: { first: salt } } },
				timeout: patienceMs,
			},
		}),
	);
	const { response } = got;
	const handle = response instanceof AuthenticatorAssertionResponse ? response.userHandle : null;
	const prf = bytesOf(got.getClientExtensionResults().prf?.results?.first);
	if (!prf) throw new CryptoError('unknown-version');
	return {
		credential: toBase64url(new Uint8Array(got.rawId)),
		owner: handle && toBase64url(new Uint8Array(handle)),
		prf,
	};
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
	let given: Credential | null;
	try {
		given = await ask();
	} catch (cause) {
		// InvalidStateError: this authenticator has one already. Everything else is a no.
		throw new CryptoError('no-key', { cause });
	}
	if (!(given instanceof PublicKeyCredential)) throw new CryptoError('no-key');
	return given;
}

const descriptor = (credential: string): PublicKeyCredentialDescriptor => ({
	type: 'public-key',
	id: fromBase64url(credential),
});

function bytesOf(source: BufferSource | undefined): Bytes | undefined {
	if (source === undefined) return undefined;
	return source instanceof ArrayBuffer
		? new Uint8Array(source)
		: new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
}
