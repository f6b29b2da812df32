import { type Bytes, equal, fromBase64url } from '#crypto/bytes.ts';
import { canonicalText } from '#crypto/schema.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import { verifyReceipt } from '#crypto/consent/receipt.ts';
import { type Manifest, openManifestText } from '#lib/record/manifest.ts';
import type { TrackKeys } from '#lib/recordings/keys.ts';
import type { ObjectSource } from '#lib/recordings/manifest.ts';
import type { Recording } from '#protocol/recordings.ts';
import { CopyError } from './errors.ts';

/**
 * The signed text of a manifest that was opened and believed before, for whoever wants to check it without us. Throws
 * `copy-changed` when the newest one in the store says something else by now.
 */
export async function signedManifest(options: {
	recording: Pick<Recording, 'id' | 'objects'>;
	manifest: Manifest;
	keys: TrackKeys;
	source: ObjectSource;
}): Promise<Signed> {
	const { recording, manifest, keys, source } = options;
	const key = keys.get(recording.id);
	if (!key) throw new CopyError('copy-changed');
	const parts = recording.objects
		.filter(({ track }) => track === recording.id)
		.toSorted((a, b) => b.part - a.part);
	for (const { track, part, bytes } of parts) {
		const object = source({ track, part, bytes });
		const signed = await openManifestText({ recording: recording.id, part, key, source: object });
		if (!signed) continue;
		const same = signed.text === canonicalText(JSON.parse(JSON.stringify(manifest)));
		if (same) return signed;
		break;
	}
	throw new CopyError('copy-changed');
}

/** The receipts of those people, each as it was signed. Throws `bad-signature` for a false one. */
export async function receiptsOf(
	{ evidence }: Pick<Manifest, 'evidence'>,
	people: readonly { readonly key: string }[],
): Promise<Signed[]> {
	const keys: Bytes[] = people.map(({ key }) => fromBase64url(key));
	const verified = await Promise.all(evidence.receipts.map(verifyReceipt));
	return verified
		.filter(({ subject }) => keys.some((key) => equal(key, subject)))
		.map(({ signed: { text, signature } }) => ({ text, signature }));
}
