import * as v from 'valibot';
import type { Manifest } from '#lib/record/manifest.ts';
import { outlineOf } from './outline.ts';

const Ending = v.variant('is', [
	v.strictObject({ is: v.literal('complete') }),
	v.strictObject({ is: v.literal('ends-early'), atMs: v.number(), missingMs: v.number() }),
	v.strictObject({ is: v.literal('altered') }),
]);

/**
 * What a list shows of a recording, as sealed as the recording itself. Nothing of what is in it: whoever has to say why
 * she opens a recording sees its summary before.
 */
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
});
export type Summary = v.InferOutput<typeof Summary>;

/** The summary of a manifest whose signatures were checked. */
export function summaryOf(manifest: Manifest, { finished }: { finished: boolean }): Summary {
	const outline = finished ? outlineOf(manifest) : undefined;
	return {
		title: manifest.title,
		people: manifest.people.map(({ name, role }) => ({ name, role })),
		purpose: manifest.purpose,
		keptUntil: manifest.keptUntil,
		durationMs: outline?.durationMs ?? null,
		ending: outline?.ending ?? null,
	};
}
