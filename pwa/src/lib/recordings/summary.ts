import * as v from 'valibot';
import { fromBase64url } from '#crypto/bytes.ts';
import { openAnnotation } from '#crypto/annotation/annotation.ts';
import { type MemberList, signingKeysOf } from '#crypto/members/members.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import type { Annotation } from '#protocol/annotations.ts';
import type { TrackKeys } from './keys.ts';
import { outlineOf } from './outline.ts';

/** So much of the notes can be searched without opening a recording, in characters. */
export const notesCharsMax = 20_000;

const Ending = v.variant('is', [
	v.strictObject({ is: v.literal('complete') }),
	v.strictObject({ is: v.literal('ends-early'), atMs: v.number(), missingMs: v.number() }),
	v.strictObject({ is: v.literal('altered') }),
]);

/** What a list shows and searches of a recording: as sealed as the recording itself. */
export const Summary = v.strictObject({
	title: v.string(),
	people: v.array(
		v.strictObject({ name: v.string(), role: v.picklist(['host', 'participant', 'tab']) }),
	),
	purpose: v.string(),
	/** Milliseconds since 1970, or null where no rule names a date. */
	keptUntil: v.nullable(v.number()),
	/** null while it is not finished. */
	durationMs: v.nullable(v.number()),
	ending: v.nullable(Ending),
	notes: v.pipe(v.string(), v.maxLength(notesCharsMax)),
});
export type Summary = v.InferOutput<typeof Summary>;

/** The summary of a manifest whose signatures were checked. `notes` is what was written beside the recording. */
export function summaryOf(
	manifest: Manifest,
	options: { finished: boolean; notes?: string },
): Summary {
	const outline = options.finished ? outlineOf(manifest) : undefined;
	return {
		title: manifest.title,
		people: manifest.people.map(({ name, role }) => ({ name, role })),
		purpose: manifest.purpose,
		keptUntil: manifest.keptUntil,
		durationMs: outline?.durationMs ?? null,
		ending: outline?.ending ?? null,
		notes: (options.notes ?? '').slice(0, notesCharsMax),
	};
}

/** Opens a summary that the server showed. Throws as `openAnnotation`; undefined without the manifest's key. */
export async function openSummary(options: {
	recording: string;
	keys: TrackKeys;
	members: MemberList;
	shown: v.InferOutput<typeof Annotation>;
}): Promise<Summary | undefined> {
	const { recording, keys, members, shown } = options;
	const key = keys.get(recording);
	if (!key) return undefined;
	const opened = await openAnnotation({
		key,
		recording,
		kind: 'summary',
		sealed: fromBase64url(shown.sealed),
		keysOf: (author) => signingKeysOf(members, author),
		schema: Summary,
	});
	return opened.body;
}
