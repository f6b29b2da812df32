import { type Bytes, concat, fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import { finalPayloadBytes } from '#crypto/track/layout.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import type { CopyWish } from '#lib/export/copy.ts';
import type { Filmed } from './recorded.ts';

const newId = () => toBase64url(random(16));

/** A film as a final object is sealed, with the only key that opens it. */
export async function sealFilm(recording: string, { film, durationMs }: Filmed) {
	const track = newId();
	const key = await importTrackKey(createTrackKey());
	const writer = await PartWriter.create({
		key,
		recording: fromBase64url(recording),
		track: fromBase64url(track),
		part: 0,
		quantumLog2: 0,
		segmentPayloadBytes: finalPayloadBytes,
		contextHash: random(32),
	});
	const segments = [writer.headerBytes];
	for (let at = 0; at < film.length; at += finalPayloadBytes)
		segments.push(await writer.media(film.subarray(at, at + finalPayloadBytes)));
	segments.push(await writer.end({ durationUs: durationMs * 1000 }));
	return { track, key, sealed: concat(...segments) };
}

/** A wish to copy a recording that lies in memory; everybody's media unless `people` says otherwise. */
export async function copyWish(people: readonly Filmed[]): Promise<{
	wish: CopyWish;
	/** Sealed bytes by track, to be altered. */
	objects: ReadonlyMap<string, Bytes>;
	/** Every range that was asked for. */
	asked: { track: string; from: number; to: number }[];
}> {
	const recording = newId();
	const films = await Promise.all(people.map((one) => sealFilm(recording, one)));
	const objects = new Map(films.map(({ track, sealed }) => [track, sealed]));
	const asked: { track: string; from: number; to: number }[] = [];
	const roleOf = (id: number) => (id === 0 ? ('host' as const) : ('participant' as const));
	const outline = {
		durationMs: Math.max(...people.map(({ startMs, durationMs }) => startMs + durationMs)),
		gaps: [],
		ending: { is: 'complete' as const },
		people: people.map(({ name, startMs, durationMs }, id) => {
			const { track = '', sealed } = films[id] ?? {};
			const media = { track, part: 0, bytes: sealed?.length ?? 0 };
			return { id: String(id), name, role: roleOf(id), startMs, durationMs, media };
		}),
	};
	const wish: CopyWish = {
		manifest: {
			recording,
			startedAt: Date.UTC(2026, 4, 20, 15),
			title: '',
			purpose: 'Supervision of the clinician',
			people: people.map(({ name }, id) => ({ id, name, role: roleOf(id), key: newId() })),
		},
		outline,
		keys: new Map(films.map(({ track, key }) => [track, key])),
		source: async function* ({ track }, { from, to }) {
			asked.push({ track, from, to });
			yield objects.get(track)?.subarray(from, to) ?? new Uint8Array();
		},
		people: new Set(outline.people.map(({ id }) => id)),
		texts: [],
		words: {
			language: 'en',
			title: 'Copy of a recording',
			lines: ['It plays without a network.'],
			warning: undefined,
			play: 'Play',
			pause: 'Pause',
			position: 'Position',
			hear: (name) => `Hear ${name}`,
			show: (name) => `Show ${name}`,
			files: 'Files',
			descriptor: 'What is in this folder, for programs (vCon)',
			sums: 'Checksums of the files',
			statement: 'Who made this copy, signed',
		},
		at: Date.UTC(2026, 5, 1, 12),
	};
	return { wish, objects, asked };
}
