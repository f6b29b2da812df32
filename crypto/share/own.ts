import * as v from 'valibot';
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import { Id, Moment, canonicalText, parseJson } from '#crypto/schema.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import type { SharePlace } from './content.ts';

/** What a sharer keeps for herself: what she decided, and what she may have to show again. */
export interface OwnShare {
	/** Ids of the tracks that she gives: what the server says of them is compared with this. */
	readonly tracks: readonly string[];
	/** The five words; null for another way. */
	readonly words: string | null;
	/** The 16 bytes of a full link; null for another way. */
	readonly secret: Bytes | null;
}

const context = 'sotto/share/v1';
const info = 'sotto/share-own/v1';
const quantumBytes = 512;

const SignedText = v.strictObject({ text: v.string(), signature: v.string() });
const Own = v.strictObject({
	type: v.literal('own'),
	share: Id,
	recording: Id,
	expiresAt: Moment,
	tracks: v.array(Id),
	words: v.nullable(v.string()),
	secret: v.nullable(v.string()),
});

/** Seals it to the sharer's own identity, signed by her: anybody could seal to her, and say that she gives more. */
export async function sealOwn(
	options: SharePlace & { identity: Identity; own: OwnShare },
): Promise<Bytes> {
	const { share, recording, expiresAt, identity, own } = options;
	const { tracks, words, secret } = own;
	const { text, signature } = await signJson({
		key: identity.signing,
		context,
		value: {
			type: 'own',
			share,
			recording,
			expiresAt,
			tracks: [...tracks],
			words,
			secret: secret && toBase64url(secret),
		},
	});
	return sealTo({
		to: identity.publicIdentity,
		info,
		aad: canonical({ share }),
		plaintext: utf8(canonicalText({ text, signature })),
		quantumBytes,
	});
}

/**
 * Opens what `sealOwn` made for this place. Throws as `openSealed`; `bad-signature` when she did not sign it, or signed it
 * for another recording or end; `bad-encoding`.
 */
export async function openOwn(
	options: SharePlace & { identity: Identity; sealed: Bytes },
): Promise<OwnShare> {
	const { share, recording, expiresAt, identity, sealed } = options;
	const aad = canonical({ share });
	const plaintext = await openSealed({ opener: identity, info, aad, sealed });
	const signed = parseJson(SignedText, fromUtf8(plaintext));
	const publicKey = identity.publicIdentity.ed25519;
	const own = await openSigned({ signed, publicKey, context, schema: Own });
	const same = own.share === share && own.recording === recording && own.expiresAt === expiresAt;
	if (!same) throw new CryptoError('bad-signature');
	const { tracks, words, secret } = own;
	return { tracks, words, secret: secret === null ? null : fromBase64url(secret) };
}
