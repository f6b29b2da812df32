import { type Bytes, concat, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { type LinkSecret, linkSecretBytes, toLinkSecret } from './proof.ts';

/** What the fragment of a host's own link carries. Browsers never send it to a server. */
export interface LinkFragment {
	readonly secret: LinkSecret;
	/** `fingerprint` of the host's identity, 32 bytes. */
	readonly hostFingerprint: Bytes;
}

const version = 1;
const fingerprintBytes = 32;
const fragmentBytes = 1 + linkSecretBytes + fingerprintBytes;

/** '#' and base64url of version 1, secret, fingerprint: 67 characters. Throws TypeError unless the fingerprint is 32 bytes. */
export function encodeLinkFragment({ secret, hostFingerprint }: LinkFragment): string {
	assert(hostFingerprint.length === fingerprintBytes, 'a fingerprint is 32 bytes');
	return `#${toBase64url(concat(Uint8Array.of(version), toLinkSecret(secret), hostFingerprint))}`;
}

/** The contents of a fragment, with or without its '#'. Throws `bad-encoding` when it is not one of version 1. */
export function decodeLinkFragment(fragment: string): LinkFragment {
	const bytes = fromBase64url(fragment.startsWith('#') ? fragment.slice(1) : fragment);
	if (bytes.length !== fragmentBytes || bytes[0] !== version) throw new CryptoError('bad-encoding');
	const fingerprintAt = 1 + linkSecretBytes;
	return {
		secret: toLinkSecret(bytes.slice(1, fingerprintAt)),
		hostFingerprint: bytes.slice(fingerprintAt),
	};
}
