import * as v from 'valibot';
import { type Bytes, fromUtf8, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Identity,
	type PublicIdentity,
	encodePublicIdentity,
	fingerprint,
} from '#crypto/identity/identity.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import { type SigningKey, sign, verify } from '#crypto/identity/signing.ts';
import { safetyDigits } from '#crypto/safety/digits.ts';
import { Id, Moment, bytesText, canonicalText, parseJson } from '#crypto/schema.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import { type ShareContent, ShareContentSchema, type SharePlace, contentJson } from './content.ts';

const context = 'sotto/share/v1';
const quantumBytes = 512;

function claim(share: string, identity: PublicIdentity): Bytes {
	return canonical({ type: 'device', share, identity: encodePublicIdentity(identity) });
}

/** The signature by which a browser asks for a share with its own key, 64 bytes. */
export function signDevice(options: { share: string; identity: Identity }): Promise<Bytes> {
	const { share, identity } = options;
	return sign(identity.signing, context, claim(share, identity.publicIdentity));
}

/** Whether the browser that holds this identity asks for this share. */
export function verifyDevice(options: {
	share: string;
	identity: PublicIdentity;
	signature: Bytes;
}): Promise<boolean> {
	const { share, identity, signature } = options;
	const message = claim(share, identity);
	return verify({ publicKey: identity.ed25519, context, message, signature });
}

/** What a device is named by, 32 bytes. */
export const deviceHash = fingerprint;

/**
 * 30 digits that sharer and recipient read to each other: whoever sees the same ones has the same share, the same key
 * of the sharer (Ed25519, 32 bytes) and the same device; see `safetyDigits`.
 */
export async function shareDigits(options: {
	share: string;
	sharerKey: Bytes;
	device: PublicIdentity;
}): Promise<string> {
	const { share, sharerKey, device } = options;
	const parts = [
		'sotto/share-digits/v1',
		share,
		toBase64url(sharerKey),
		toBase64url(await fingerprint(device)),
	];
	return safetyDigits(await sha256(canonical(parts)));
}

/**
 * Seals a content to a device: signed by the sharer, then HPKE (RFC 9180) to the device's own key, padded to 512 bytes.
 * Share, recording, expiry and device are bound to both. Throws `bad-key` when the device's key is none.
 */
export async function sealToDevice(
	options: SharePlace & { device: PublicIdentity; sharer: SigningKey; content: ShareContent },
): Promise<Bytes> {
	const { device, sharer, content } = options;
	const about = await aboutOf(options);
	const value = { type: 'content', ...about, content: contentJson(content) };
	const { text, signature } = await signJson({ key: sharer, context, value });
	return sealTo({
		to: device,
		info: context,
		aad: canonical(about),
		plaintext: utf8(canonicalText({ text, signature })),
		quantumBytes,
	});
}

const SignedText = v.strictObject({ text: v.string(), signature: v.string() });
const Said = v.strictObject({
	type: v.literal('content'),
	share: Id,
	recording: Id,
	expiresAt: Moment,
	device: bytesText(32),
	content: ShareContentSchema,
});

/**
 * Opens what `sealToDevice` made for this device and place. `sharerKey` is the one whose digits were compared. Throws
 * `open-failed` (another key or place, altered bytes), `bad-signature` (another sharer), `truncated`,
 * `unknown-version`, `not-a-recipient`, `bad-encoding`.
 */
export async function openFromDevice(
	options: SharePlace & { identity: Identity; sharerKey: Bytes; sealed: Bytes },
): Promise<ShareContent> {
	const { identity, sharerKey, sealed } = options;
	const about = await aboutOf({ ...options, device: identity.publicIdentity });
	const plaintext = await openSealed({
		opener: identity,
		info: context,
		aad: canonical(about),
		sealed,
	});
	const signed = parseJson(SignedText, fromUtf8(plaintext));
	const said = await openSigned({ signed, publicKey: sharerKey, context, schema: Said });
	const same =
		said.share === about.share &&
		said.recording === about.recording &&
		said.expiresAt === about.expiresAt &&
		toBase64url(said.device) === about.device;
	if (!same) throw new CryptoError('bad-signature');
	return said.content;
}

async function aboutOf(options: SharePlace & { device: PublicIdentity }) {
	const { share, recording, expiresAt, device } = options;
	return { share, recording, expiresAt, device: toBase64url(await fingerprint(device)) };
}
