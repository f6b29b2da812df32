import { fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { ByteRange } from '#crypto/track/fixed.ts';
import { SealedMedia } from '#lib/play/sealed.ts';
import type { SealedPerson } from '#lib/recordings/outline.ts';
import type { TrackKeys } from '#lib/recordings/keys.ts';

/** Gives the sealed bytes `range` of one object as they come. */
export type RangeSource = (
	object: { track: string; part: number },
	range: ByteRange,
) => AsyncIterable<Uint8Array>;

/**
 * One person's media, opened segment by segment. Throws `not-a-recipient` without its key, and as `SealedMedia`
 * when the bytes are not as they were sealed: then what came before is not the whole either.
 */
export async function* openMedia(options: {
	recording: string;
	media: NonNullable<SealedPerson['media']>;
	keys: TrackKeys;
	source: RangeSource;
	signal?: AbortSignal | undefined;
}): AsyncGenerator<Uint8Array> {
	const { recording, media, keys, source, signal } = options;
	const { track, part, bytes } = media;
	const key = keys.get(track);
	if (!key) throw new CryptoError('not-a-recipient');
	const sealed = await SealedMedia.open({
		key,
		name: { recording: fromBase64url(recording), track: fromBase64url(track), part },
		partBytes: bytes,
		source: async (range) => source({ track, part }, range),
	});
	if (sealed.size === 0) return;
	for await (const piece of sealed.read({ from: 0, to: sealed.size })) {
		signal?.throwIfAborted();
		yield piece;
	}
}
