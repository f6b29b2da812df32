import * as v from 'valibot';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import type { Levels } from '#lib/play/levels.ts';
import type { Cue } from '#lib/play/vtt.ts';
import { limits } from '#protocol/limits.ts';
import { Count, Id } from '#protocol/text.ts';

/** Longest text of one note, characters. */
export const noteCharsMax = 2_000;
const notesMax = 500;

export const Note = v.strictObject({
	id: Id,
	/** A chapter begins something; a note is a word about a place. */
	kind: v.picklist(['note', 'chapter']),
	/** Milliseconds from the start of the recording. */
	atMs: Count,
	text: v.pipe(v.string(), v.minLength(1), v.maxLength(noteCharsMax)),
});
export type Note = v.InferOutput<typeof Note>;

/** What is in the annotation `notes`. */
export const Notes = v.strictObject({
	v: v.literal(1),
	items: v.pipe(v.array(Note), v.maxLength(notesMax)),
});
export type Notes = v.InferOutput<typeof Notes>;

/** What is in the annotation `captions`: from, to (milliseconds) and text of each; none after they were removed. */
export const Captions = v.strictObject({
	v: v.literal(1),
	cues: v.array(v.strictTuple([Count, Count, v.string()])),
});
export type Captions = v.InferOutput<typeof Captions>;

/** What is in the annotation `waveform`: the loudness of each track. A track that was replaced has none. */
export const WaveformBody = v.strictObject({
	v: v.literal(1),
	tracks: v.array(
		v.strictObject({
			track: Id,
			stepMs: v.pipe(Count, v.minValue(1)),
			levels: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]*$/)),
		}),
	),
});
export type WaveformBody = v.InferOutput<typeof WaveformBody>;

export const captionsOf = (cues: readonly Cue[]): Captions => ({
	v: 1,
	cues: cues.map(({ from, to, text }) => [from, to, text]),
});

export const cuesOf = ({ cues }: Captions): Cue[] =>
	cues.map(([from, to, text]) => ({ from, to, text }));

/** Levels by track, as they are kept. */
export function waveformOf(levels: ReadonlyMap<string, Levels>): WaveformBody {
	const tracks = Array.from(levels, ([track, { stepMs, values }]) => ({
		track,
		stepMs,
		levels: toBase64url(new Uint8Array(values)),
	}));
	return { v: 1, tracks };
}

export function levelsOf({ tracks }: WaveformBody): Map<string, Levels> {
	return new Map(
		tracks.map(({ track, stepMs, levels }) => [track, { stepMs, values: fromBase64url(levels) }]),
	);
}

/** Of a sealed text a quarter is for base64url; a signed one is a string in a string. */
const bytesMax = (limits.annotationChars / 4) * 3 - 4_096;

/** Whether a body fits into one annotation. */
export function fits(body: Notes | Captions | WaveformBody): boolean {
	const text = JSON.stringify(JSON.stringify(body));
	return new TextEncoder().encode(text).length <= bytesMax;
}
