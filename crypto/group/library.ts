import {
	type AuthenticationService,
	type CiphersuiteImpl,
	type CiphersuiteName,
	type ClientConfig,
	type Credential,
	type KeyPackage,
	type MLSMessage,
	type PrivateKeyPackage,
	decodeMlsMessage,
	defaultKeyPackageEqualityConfig,
	defaultPaddingConfig,
	encodeMlsMessage,
	getCiphersuiteFromName,
	getCiphersuiteImpl,
} from 'ts-mls';
import { type Bytes, equal, random } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { type SigningKey, verifyUnframed } from '#crypto/identity/signing.ts';

// All that we use of the MLS library goes through this folder; nothing outside imports it.

/** RFC 9420 §17.1, cipher suite 1. */
export const suiteName: CiphersuiteName = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';
/** Our GroupContext extension, of the private range of RFC 9420 §17.3. */
export const contextExtension = 0xff01;
/** Our LeafNode extension: for which session and how long a package is. */
export const leafExtension = 0xff02;

/** Messages of one sender that may be missing when a later one comes, and how many of those may still come. */
export const aheadMax = 200;

/** A key package and the private keys that open what is sealed to it. */
export interface OwnPackage {
	readonly publicPackage: KeyPackage;
	readonly privatePackage: PrivateKeyPackage;
}

/** What `generateKeyPackageWithKey` asks for: the library gets a handle instead of the private key. */
export interface Handle {
	readonly signKey: Bytes;
	readonly publicKey: Bytes;
}

let loading: Promise<CiphersuiteImpl> | undefined;

/** The cipher suite without a private key: it checks signatures, and refuses to make one. */
export function publicSuite(): Promise<CiphersuiteImpl> {
	loading ??= getCiphersuiteImpl(getCiphersuiteFromName(suiteName)).then((suite) => ({
		...suite,
		signature: { keygen: noPrivateKey, sign: noPrivateKey, verify },
	}));
	return loading;
}

/** The cipher suite whose signatures are made by a non-extractable key behind a handle. */
export async function suiteFor(
	signing: SigningKey,
): Promise<{ suite: CiphersuiteImpl; handle: Handle }> {
	const handle = { signKey: random(16), publicKey: signing.publicKey };
	const suite = await publicSuite();
	const sign = async (key: Uint8Array, message: Uint8Array): Promise<Uint8Array> => {
		assert(equal(key, handle.signKey), 'the library signs with the handle it was given');
		const bytes = new Uint8Array(message);
		return new Uint8Array(await crypto.subtle.sign('Ed25519', signing.privateKey, bytes));
	};
	return { suite: { ...suite, signature: { ...suite.signature, sign } }, handle };
}

function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
	return verifyUnframed({
		publicKey: new Uint8Array(publicKey),
		message: new Uint8Array(message),
		signature: new Uint8Array(signature),
	});
}

function noPrivateKey(): Promise<never> {
	return Promise.reject(new TypeError('this suite has no private key'));
}

/** The credential of an identity: its Ed25519 key, so nobody can carry another's name. */
export function credentialOf(key: Bytes): Credential {
	return { credentialType: 'basic', identity: key };
}

/** Whether a credential is the identity of the key that signs for it. */
export function credentialMatches(credential: Credential, key: Uint8Array): boolean {
	return (
		credential.credentialType === 'basic' &&
		'identity' in credential &&
		key.length === 32 &&
		equal(credential.identity, key)
	);
}

/** The library's settings; it accepts exactly the identities in `roster`. */
export function configFor(roster: readonly Bytes[]): ClientConfig {
	const authService: AuthenticationService = {
		validateCredential: (credential, key) =>
			Promise.resolve(
				credentialMatches(credential, key) && roster.some((member) => equal(member, key)),
			),
	};
	return {
		keyRetentionConfig: {
			retainKeysForGenerations: aheadMax,
			retainKeysForEpochs: 0,
			maximumForwardRatchetSteps: aheadMax,
		},
		// The library would look at the device's own clock; `readPackage` does it with the one we are given.
		lifetimeConfig: { maximumTotalLifetime: 2n ** 64n, validateLifetimeOnReceive: false },
		keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
		paddingConfig: defaultPaddingConfig,
		authService,
	};
}

/** The bytes of a message, RFC 9420 §6. */
export function encodeMessage(message: MLSMessage): Bytes {
	return new Uint8Array(encodeMlsMessage(message));
}

/** The one message that these bytes are. Throws `bad-encoding` when they are none or more. */
export function decodeMessage(bytes: Uint8Array): MLSMessage {
	let decoded: [MLSMessage, number] | undefined;
	try {
		decoded = decodeMlsMessage(bytes, 0);
	} catch (cause) {
		throw new CryptoError('bad-encoding', { cause });
	}
	const [message, length] = decoded ?? [];
	if (message === undefined || length !== bytes.length) throw new CryptoError('bad-encoding');
	return message;
}
