import { fromBase64url, toHex } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { KeyOfTrack } from '#crypto/grant/keys.ts';
import type { ShareContent } from '#crypto/share/content.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import { outlineOf } from '#lib/recordings/outline.ts';
import type { Opened } from '#lib/recordings/store.ts';

/**
 * What goes to somebody outside: the chosen people's keys and how to play them, of the rest of the recording not even
 * that it is there. `people` are ids of the outline. Throws `no-key` when somebody has none on this device,
 * `bad-encoding` when nobody is chosen or somebody is not in the recording.
 */
export function contentOf(options: {
	manifest: Manifest;
	people: readonly string[];
	keys: readonly KeyOfTrack[];
	part2: ShareContent['part2'];
}): ShareContent {
	const { manifest, keys, part2 } = options;
	const chosen = new Set(options.people);
	const outline = outlineOf(manifest);
	const byTrack = new Map(keys.map(({ track, key }) => [track, key]));
	const people = outline.people
		.filter(({ id }) => chosen.delete(id))
		.map(({ name, role, startMs, durationMs, media }) => {
			const key = media && byTrack.get(media.track);
			if (media && !key) throw new CryptoError('no-key');
			return { name, role, startMs, durationMs, media: media && key ? { ...media, key } : null };
		});
	if (chosen.size > 0 || people.length === 0) throw new CryptoError('bad-encoding');
	return {
		v: 1,
		title: manifest.title,
		practice: manifest.practice,
		startedAt: manifest.startedAt,
		durationMs: Math.max(0, ...people.map((one) => one.startMs + one.durationMs)),
		people,
		gaps: outline.gaps.map(({ from, to, why }) => ({ from, to, why })),
		checked: null,
		ending: outline.ending.is,
		part2,
	};
}

/**
 * What the written consent allows where 42 CFR Part 2 holds, and who of the chosen people signed it: nobody else's name
 * goes along. Null where it does not hold. `people` as for `contentOf`.
 */
export function scopeOf(
	{ manifest, evidence }: Pick<Opened, 'manifest' | 'evidence'>,
	people: readonly string[],
): ShareContent['part2'] {
	const consent = evidence.notice?.notice.part2;
	if (!consent) return null;
	const chosen = new Set(people);
	const signed = manifest.people.flatMap(({ id, key }) => {
		if (!chosen.has(String(id))) return [];
		const receipt = evidence.receipts.get(toHex(fromBase64url(key)));
		const { signedAs: name, at, type } = receipt ?? {};
		return type === 'consent' && name !== undefined && at !== undefined ? [{ name, at }] : [];
	});
	return { consent, signed };
}

/** Tracks that a content has keys of. */
export function tracksOf({ people }: ShareContent): string[] {
	return people.flatMap(({ media }) => media?.track ?? []);
}
