import * as v from 'valibot';
import { type Bytes, fromUtf8, toBase64url } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { assert } from '#crypto/errors.ts';
import { Id, bytesText, parseJson } from '#crypto/schema.ts';
import { type TrackKey, toTrackKey } from '#crypto/track/key.ts';

/** The key of one track. */
export interface KeyOfTrack {
	/** Id. */
	readonly track: string;
	readonly key: TrackKey;
}

/** The most keys of one grant. */
export const grantKeysMax = 64;

const KeyList = v.pipe(
	v.array(v.strictObject({ track: Id, key: v.pipe(bytesText(32), v.transform(toTrackKey)) })),
	v.minLength(1),
	v.maxLength(grantKeysMax),
	v.check((keys) => ascending(keys)),
);

/** Canonical JSON of [{key, track}...], by track id. Throws TypeError for none, too many, or a track twice. */
export function encodeKeys(keys: readonly KeyOfTrack[]): Bytes {
	assert(keys.length >= 1 && keys.length <= grantKeysMax, `a grant has 1 to ${grantKeysMax} keys`);
	const sorted = keys.toSorted((a, b) => (a.track < b.track ? -1 : 1));
	assert(ascending(sorted), 'each track is once in a grant');
	return canonical(sorted.map(({ track, key }) => ({ track, key: toBase64url(key) })));
}

/** The keys of what `encodeKeys` made. Throws `bad-encoding` on anything else, a wrong order or a track twice too. */
export function decodeKeys(bytes: Bytes): readonly KeyOfTrack[] {
	return parseJson(KeyList, fromUtf8(bytes));
}

function ascending(keys: readonly { readonly track: string }[]): boolean {
	return keys.every(({ track }, at) => {
		const before = keys[at - 1];
		return before === undefined || before.track < track;
	});
}
