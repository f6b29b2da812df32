import { fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import type { NewTrack, Recording } from '#protocol/recordings.ts';
import type { RecordingsApi } from './api.ts';
import { type Finished, type FinishOptions, finishRecording } from './finish.ts';
import { judgeRecovered, statedSegments } from './judge.ts';
import { type Manifest, openManifest } from './manifest.ts';
import type { Pauses } from './retry.ts';
import { serverParts } from './sources.ts';
import type { PersonTracks } from './tracks.ts';

/** A track key as the page took it from a grant. */
export interface RecoveryKey {
	readonly track: string;
	/** From `importTrackKey`. */
	readonly key: CryptoKey;
}

/**
 * Finishes a recording that ended unexpectedly, from what the server has; works on any device whose person has a grant. Throws
 * as `finishRecording` does, `no-key` when the grant has no key of the manifest, `open-failed` when no manifest can be read.
 */
export async function recoverRecording(options: {
	api: RecordingsApi;
	pauses: Pauses;
	recording: string;
	keys: readonly RecoveryKey[];
	signing: SigningKey;
	signal: AbortSignal;
	progress: FinishOptions['progress'];
}): Promise<Finished> {
	const { api, keys, signal } = options;
	const recording = await api.recording(options.recording, signal);
	const keyOf = new Map(keys.map(({ track, key }) => [track, key]));
	const manifestKey = keyOf.get(recording.id);
	if (!manifestKey) throw new CryptoError('no-key');
	const manifest = await newestManifest({ api, recording, key: manifestKey, signal });
	const stated = await statedSegments({
		recording: recording.id,
		recorderKey: fromBase64url(recording.recorderKey),
		checkpoints: recording.checkpoints,
	});
	const aliveMs = Math.max(0, recording.lastSeenAt - manifest.startedAt);
	return finishRecording({
		...options,
		source: serverParts({ api, recording, signal }),
		people: peopleOf(recording.tracks, keyOf),
		manifestKey,
		manifest: closed(manifest, aliveMs),
		nextPart: nextPartOf(recording),
		judge: (reports) => judgeRecovered({ reports, stated, aliveMs }),
		recovered: true,
	});
}

/** The number of the first part of a track that nobody has begun. */
export function nextPartOf(recording: Recording): (track: string) => number {
	return (track) =>
		1 +
		Math.max(-1, ...recording.objects.filter((one) => one.track === track).map((one) => one.part));
}

/** The three tracks of each person for whom there is a key; a grant may leave somebody out. */
function peopleOf(
	tracks: readonly NewTrack[],
	keyOf: ReadonlyMap<string, CryptoKey>,
): PersonTracks[] {
	const numbers = new Set(tracks.map(({ person }) => person).filter((person) => person >= 0));
	return Array.from(numbers).flatMap((person) => {
		const id = (kind: NewTrack['kind']): string | undefined =>
			tracks.find((track) => track.person === person && track.kind === kind)?.id;
		const [audio, video, final] = [id('audio'), id('video'), id('final')];
		const key = final && keyOf.get(final);
		return audio && video && final && key ? [{ person, audio, video, final, key }] : [];
	});
}

/** The newest manifest that is whole; the last one may be torn. The recorder must have signed it. */
async function newestManifest(options: {
	api: RecordingsApi;
	recording: Recording;
	key: CryptoKey;
	signal: AbortSignal;
}): Promise<Manifest> {
	const { api, recording, key, signal } = options;
	const { id, objects, recorderKey } = options.recording;
	const parts = objects.filter(({ track }) => track === id).toSorted((a, b) => b.part - a.part);
	for (const { part, bytes } of parts) {
		const source = api.objectBytes({ recording: id, track: id, part, bytes }, signal);
		try {
			const manifest = await openManifest({ recording: recording.id, part, key, source });
			if (manifest?.signer === recorderKey && manifest.recording === id) return manifest;
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
		}
	}
	throw new CryptoError('open-failed');
}

/** Nobody closed the last span: it ends where the recorder was last heard of. */
function closed(manifest: Manifest, aliveMs: number): Manifest {
	const spans = manifest.spans.map((span) => ({
		...span,
		to: span.to ?? Math.max(span.from, aliveMs),
	}));
	return { ...manifest, spans };
}
