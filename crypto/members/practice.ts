import { type Bytes, random, sha256 } from '#crypto/bytes.ts';
import { type SigningKey, signingKeyOf } from '#crypto/identity/signing.ts';

/** A fresh practice key (Ed25519), which signs the member list. The 32-byte seed is kept by admins, sealed under their account keys. */
export async function createPracticeKey(): Promise<{ seed: Bytes; key: SigningKey }> {
	const seed = random(32);
	return { seed, key: await signingKeyOf(seed) };
}

/** The practice key of its seed. Throws `bad-key` unless it is 32 bytes. */
export async function openPracticeKey(seed: Bytes): Promise<SigningKey> {
	return signingKeyOf(seed);
}

/** SHA-256 of the practice's public key, 32 bytes: what an invitation carries and a client pins at enrolment. */
export async function practiceFingerprint(publicKey: Bytes): Promise<Bytes> {
	return sha256(publicKey);
}
