import { sha512 } from '@noble/hashes/sha2.js';
import { toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import { signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { canonicalText } from '#crypto/schema.ts';
import type { Manifest } from '#lib/record/manifest.ts';

/** Who made a copy, and of what. */
export interface Voucher {
	readonly author: { readonly id: string; readonly name: string; readonly signing: SigningKey };
	/** Name of the practice. */
	readonly practice: string;
	readonly manifest: Pick<Manifest, 'recording'>;
	/** Milliseconds since 1970. */
	readonly at: number;
}

/** What is known when everything else of a copy was written. */
export interface Written {
	/** The text of `SHA512SUMS`. */
	readonly sums: string;
	/** From which sealed track each of the media is. */
	readonly media: readonly { readonly file: string; readonly track: string }[];
}

/**
 * The statement beside a copy, so that whoever has one person's part can check it without the manifest, which names
 * everybody: this recording, these tracks, these files, and the hash of what the recorder signed; signed by the member who
 * exported it, in context `sotto/export/v1`, with the key beside it.
 */
export async function vouchFor(
	{ author, practice, manifest, at }: Voucher,
	{ sums, media }: Written,
): Promise<string> {
	const { id, name, signing } = author;
	const recorded = canonicalText(JSON.parse(JSON.stringify(manifest)));
	const { text, signature } = await signJson({
		key: signing,
		context: 'sotto/export/v1',
		value: {
			v: 1,
			recording: manifest.recording,
			practice,
			author: id,
			name,
			at,
			media: media.map(({ file, track }) => ({ file, track })),
			sums: toHex(sha512(utf8(sums))),
			manifest: toHex(sha512(utf8(recorded))),
		},
	});
	const key = toBase64url(signing.publicKey);
	return `${JSON.stringify({ text, signature, key }, null, '\t')}\n`;
}
