import { CopyError } from './errors.ts';

/** For whom a copy is sealed: whoever knows the passphrase, or has the key of this recipient (`age1...`). */
export type AgeWish = { readonly passphrase: string } | { readonly recipient: string };

/** Characters of the shortest passphrase: five words have more. */
export const passphraseMin = 12;

/**
 * The plain bytes as one file of age v1 (C2SP age.md), which the stock `age` tool opens. Nothing of it is held in
 * memory. Throws `copy-passphrase` for a short passphrase and `copy-recipient` for what is no recipient.
 */
export async function ageStream(
	plain: ReadableStream<Uint8Array>,
	wish: AgeWish,
): Promise<ReadableStream<Uint8Array>> {
	return (await encrypterOf(wish)).encrypt(plain);
}

/** Throws as `ageStream` would, before anything else is done. */
export async function checkAge(wish: AgeWish): Promise<void> {
	await encrypterOf(wish);
}

async function encrypterOf(wish: AgeWish) {
	// 36 kB that nobody else needs.
	const { Encrypter } = await import('age-encryption');
	const encrypter = new Encrypter();
	if ('passphrase' in wish) {
		if (wish.passphrase.length < passphraseMin) throw new CopyError('copy-passphrase');
		encrypter.setPassphrase(wish.passphrase);
		return encrypter;
	}
	try {
		encrypter.addRecipient(wish.recipient.trim());
	} catch (cause) {
		throw new CopyError('copy-recipient', { cause });
	}
	return encrypter;
}
