import * as v from 'valibot';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type TrackKey, importTrackKey, toTrackKey } from '#crypto/track/key.ts';
import { Bytes32 } from '#protocol/text.ts';
import { readAnnotation, writeAnnotation } from './annotations.ts';
import type { TrackKeys } from './keys.ts';

/** Keys that a recording's own text had before, newest last. */
const Former = v.strictObject({ keys: v.array(Bytes32) });

interface Place {
	readonly recording: string;
	readonly keys: TrackKeys;
}

const read = ({ recording, keys }: Place) =>
	readAnnotation({ recording, keys, kind: 'former', schema: Former });

/**
 * Keeps the key of a recording's own text beside it, sealed under itself, before it is sealed anew with all other words: reasons
 * and whom it was shared with stay as they were written down, and are read with it. Throws as `readAnnotation`,
 * `writeAnnotation`.
 */
export async function keepFormer(place: Place & { readonly raw: TrackKey }): Promise<void> {
	const known = await read(place);
	const key = toBase64url(place.raw);
	const before = known?.body.keys ?? [];
	if (before.includes(key)) return;
	await writeAnnotation({
		...place,
		kind: 'former',
		before: known?.version ?? 0,
		body: { keys: [...before, key] },
	});
}

/** Read once for each opening of a recording. */
const formers = new WeakMap<TrackKeys, Promise<CryptoKey[]>>();

async function importFormer(place: Place): Promise<CryptoKey[]> {
	// Who may not read it here is told what she would be told without it.
	const known = await read(place).catch(() => undefined);
	const raw = (known?.body.keys ?? []).toReversed();
	return Promise.all(raw.map((key) => importTrackKey(toTrackKey(fromBase64url(key)))));
}

const isClosed = (error: unknown): boolean =>
	error instanceof CryptoError && error.code === 'open-failed';

/** Opens words that are not sealed anew with the others: with the key of now, then with those of before. Throws as `open`; `no-key`. */
export async function openWithAny<T>(
	place: Place,
	open: (key: CryptoKey) => Promise<T>,
): Promise<T> {
	const { recording, keys } = place;
	const key = keys.get(recording);
	if (!key) throw new CryptoError('no-key');
	try {
		return await open(key);
	} catch (error) {
		if (!isClosed(error)) throw error;
		const found = formers.get(keys) ?? importFormer(place);
		formers.set(keys, found);
		for (const former of await found)
			try {
				return await open(former);
			} catch (other) {
				if (!isClosed(other)) throw other;
			}
		throw error;
	}
}
