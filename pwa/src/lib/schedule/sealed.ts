import * as v from 'valibot';
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Identity, type PublicIdentity, fingerprint } from '#crypto/identity/identity.ts';
import { bytesText, parseJson } from '#crypto/schema.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';

/** Sealed texts are padded to a multiple of this, so that a length tells no name. */
const quantumBytes = 128;
const info = 'sotto/session/v1';
const version = 2;

const Boxes = v.strictObject({
	v: v.literal(version),
	boxes: v.pipe(
		v.array(v.strictObject({ to: bytesText(32), sealed: v.string() })),
		v.minLength(1),
		v.maxLength(8),
	),
});

// Every text of a list is opened with the same few keys.
const fingerprints = new WeakMap<PublicIdentity, Promise<string>>();
function nameOf(identity: PublicIdentity): Promise<string> {
	const known = fingerprints.get(identity) ?? fingerprint(identity).then(toBase64url);
	fingerprints.set(identity, known);
	return known;
}

/**
 * Seals a text to each of `to`; `context` says what it belongs to and must be given again. Base64url of a
 * JSON with one box each, named by the recipient's fingerprint. Throws as `sealTo`.
 */
export async function sealText(options: {
	to: readonly PublicIdentity[];
	context: string;
	text: string;
}): Promise<string> {
	const [aad, plaintext] = [utf8(options.context), utf8(options.text)];
	const boxes = await Promise.all(
		options.to.map(async (to) => {
			const sealed = await sealTo({ to, info, aad, plaintext, quantumBytes });
			return { to: await nameOf(to), sealed: toBase64url(sealed) };
		}),
	);
	return toBase64url(utf8(JSON.stringify({ v: version, boxes })));
}

/** Whether bytes are what `sealText` makes and not what a member sealed under the own account key before. */
export const isBoxes = (sealed: Bytes): boolean => sealed[0] === '{'.charCodeAt(0);

/** Whether `sealText` sealed it to these keys too. Throws `bad-encoding`. */
export async function isSealedTo(identity: PublicIdentity, sealed: Bytes): Promise<boolean> {
	const { boxes } = parseJson(Boxes, fromUtf8(sealed));
	const name = await nameOf(identity);
	return boxes.some(({ to }) => toBase64url(to) === name);
}

/**
 * Opens what `sealText` made with the first of `openers` that it was sealed to. Throws `not-a-recipient`,
 * `bad-encoding`, and as `openSealed`.
 */
export async function openText(options: {
	openers: readonly Identity[];
	context: string;
	sealed: Bytes;
}): Promise<string> {
	const { boxes } = parseJson(Boxes, fromUtf8(options.sealed));
	const byName = new Map(boxes.map(({ to, sealed }) => [toBase64url(to), sealed]));
	for (const opener of options.openers) {
		const sealed = byName.get(await nameOf(opener.publicIdentity));
		if (sealed === undefined) continue;
		const aad = utf8(options.context);
		return fromUtf8(await openSealed({ opener, info, aad, sealed: fromBase64url(sealed) }));
	}
	throw new CryptoError('not-a-recipient');
}
