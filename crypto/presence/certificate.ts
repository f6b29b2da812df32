import { type Bytes, fromBase64url, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type SigningKey, sign, verify } from '#crypto/identity/signing.ts';

/** The public keys of a browser extension, and whose it is. */
export interface PresenceDevice {
	/** Id of the practice. */
	readonly practice: string;
	/** Id of the member who is told who waits. */
	readonly member: string;
	/** Ed25519, 32 bytes: signs the server's nonces. */
	readonly publicKey: Bytes;
	/** X25519, 32 bytes: names are sealed to it. */
	readonly presenceKey: Bytes;
}

const context = 'sotto/presence-device/v1';

/** The text that is signed, one value a line. */
const textOf = ({ practice, member, publicKey, presenceKey }: PresenceDevice): Bytes =>
	utf8([practice, member, toBase64url(publicKey), toBase64url(presenceKey)].join('\n'));

/** The member's word that this extension is hers; 64 bytes, base64url. */
export async function certifyDevice(identity: SigningKey, device: PresenceDevice): Promise<string> {
	return toBase64url(await sign(identity, context, textOf(device)));
}

/** Whether the identity (Ed25519, 32 bytes) vouches for exactly these keys: a server can list any. False also for what is no signature. */
export async function isCertified(
	identity: Bytes,
	{ certificate, ...device }: PresenceDevice & { readonly certificate: string },
): Promise<boolean> {
	try {
		const signature = fromBase64url(certificate);
		return await verify({ publicKey: identity, context, message: textOf(device), signature });
	} catch (error) {
		if (error instanceof CryptoError) return false;
		throw error;
	}
}
