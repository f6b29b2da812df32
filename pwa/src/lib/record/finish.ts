import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import type { FinishRecording } from '#protocol/recordings.ts';
import type { RecordingsApi } from './api.ts';
import { type StoredFinal, ChunkStream, sealFinal, verifyFinal } from './final.ts';
import { fileBytes } from './file.ts';
import { type JoinedPerson, type LiveParts, type PartReport, joinPerson } from './join.ts';
import { type Manifest, type ManifestTrack, sealManifest } from './manifest.ts';
import type { Missing, Progress } from './messages.ts';
import { partRow } from './parts.ts';
import { type Pauses, persist } from './retry.ts';
import type { PersonTracks } from './tracks.ts';

/** What finishing came to. */
export interface Finished {
	readonly verdict: 'complete' | 'ends-early' | 'altered';
	readonly missing: Missing[];
	readonly durationMs: number;
}

/** What finishing works on. */
export interface FinishOptions {
	readonly api: RecordingsApi;
	readonly pauses: Pauses;
	readonly source: LiveParts;
	readonly people: readonly PersonTracks[];
	readonly manifestKey: CryptoKey;
	/** Who signs the new manifest. */
	readonly signing: SigningKey;
	/** The manifest as it stood when the recording ended. */
	readonly manifest: Manifest;
	/** First part number of a track that the server does not have yet. */
	readonly nextPart: (track: string) => number;
	/** Judges what was found of the live parts. */
	readonly judge: (reports: readonly PartReport[]) => Pick<Finished, 'verdict' | 'missing'>;
	readonly recovered: boolean;
	readonly signal: AbortSignal;
	readonly progress: (progress: Pick<Progress, 'phase' | 'done' | 'total'>) => void;
}

interface Sealed {
	readonly person: PersonTracks;
	readonly joined: JoinedPerson;
	readonly stored: StoredFinal;
}

/**
 * Joins the live parts of every person to one file, seals and stores it, reads it back, signs the manifest, and only then
 * has the live parts deleted. Nothing lies in memory whole, nothing in clear on a disk. Given up at any point, it can be done
 * again from the start: the live parts are still there. Throws what `signal` was aborted with, ApiError for what does not pass,
 * `open-failed` when the server gives back other bytes.
 */
export async function finishRecording(options: FinishOptions): Promise<Finished> {
	const { api, manifest, people, signal, pauses } = options;
	const { recording } = manifest;
	const counter = new Counter(options);
	const reports: PartReport[] = [];
	const sealed: Sealed[] = [];
	for (const person of people) {
		signal.throwIfAborted();
		const joined = await joinPerson({ recording, person, source: options.source });
		reports.push(...joined.reports);
		if (joined.plan === null) continue;
		sealed.push({ person, joined, stored: await sealPerson(options, person, joined, counter) });
	}
	const { verdict, missing } = options.judge(reports);
	counter.begin(
		'verify',
		sealed.reduce((sum, { stored }) => sum + stored.bytes, 0),
	);
	for (const { person, stored } of sealed)
		await persist(
			() => verifyFinal({ api, recording, key: person.key, stored, signal, onBytes: counter.add }),
			{ pauses, signal },
		);
	counter.begin('manifest', 1);
	const durationMs = Math.max(0, ...reports.map(({ lastMs }) => lastMs ?? 0));
	const final: Manifest = {
		...manifest,
		signer: toBase64url(options.signing.publicKey),
		endedAt: manifest.endedAt ?? manifest.startedAt + durationMs,
		tracks: [...manifest.tracks.map(withDuration(reports)), ...sealed.map(finalTrack)],
		missing: [...manifest.missing, ...missing],
		verdict,
	};
	const kept = await storeManifest(options, final);
	const keep = [...sealed.map(({ stored }) => stored), kept];
	const what: FinishRecording = {
		recovered: options.recovered,
		keep: keep.map(({ track, part, chunks, bytes }) => ({ track, part, chunks, bytes })),
		remove: people.flatMap(({ audio, video }) => [audio, video]),
	};
	await persist(() => api.finish(recording, what, signal), { pauses, signal });
	counter.add(1);
	return { verdict, missing: final.missing, durationMs };
}

/** Counts bytes of one phase and tells about every megabyte. */
class Counter {
	readonly #tell: FinishOptions['progress'];
	#phase: Progress['phase'] = 'join';
	#done = 0;
	#told = 0;
	#total = 0;

	constructor({ progress }: FinishOptions) {
		this.#tell = progress;
	}

	begin(phase: Progress['phase'], total: number): void {
		this.#phase = phase;
		this.#done = 0;
		this.#told = 0;
		this.#total = total;
		this.#tell({ phase, done: 0, total });
	}

	/** More bytes are expected in this phase. */
	expect(bytes: number): void {
		this.#total += bytes;
	}

	readonly add = (bytes: number): void => {
		this.#done += bytes;
		if (this.#done - this.#told < 1_000_000 && this.#done < this.#total) return;
		this.#told = this.#done;
		const done = Math.min(this.#done, this.#total);
		this.#tell({ phase: this.#phase, done, total: this.#total });
	};
}

function sealPerson(
	options: FinishOptions,
	person: PersonTracks,
	joined: JoinedPerson,
	counter: Counter,
): Promise<StoredFinal> {
	const { api, pauses, manifest, signal } = options;
	counter.expect(fileBytes(joined.plan, joined.format));
	return sealFinal({
		api,
		pauses,
		signal,
		recording: manifest.recording,
		track: person.final,
		part: options.nextPart(person.final),
		key: person.key,
		pieces: joined.write(),
		durationMs: joined.plan.durationMs,
		onBytes: counter.add,
		context: {
			session: manifest.session,
			generation: manifest.rosters.at(-1)?.generation ?? 0,
			receipts: fromBase64url(manifest.receipts),
			recorder: fromBase64url(manifest.recorder),
			codec: joined.codecs.join('+'),
			zeroMs: manifest.startedAt + joined.plan.startMs,
			previous: null,
		},
	});
}

function finalTrack({ person, joined, stored }: Sealed): ManifestTrack {
	const { plan, codecs } = joined;
	return {
		id: person.final,
		person: person.person,
		kind: 'final',
		codecs,
		start: plan.startMs,
		duration: plan.durationMs,
		parts: [partRow({ ...stored, ended: true })],
	};
}

/** Live tracks are gone after finishing; what is stated of them stays, with how long they were. */
function withDuration(reports: readonly PartReport[]): (track: ManifestTrack) => ManifestTrack {
	return (track) => {
		const times = reports.filter((report) => report.track === track.id);
		const duration = Math.max(0, ...times.map(({ lastMs }) => lastMs ?? 0));
		return { ...track, duration };
	};
}

async function storeManifest(
	options: FinishOptions,
	manifest: Manifest,
): Promise<Pick<StoredFinal, 'track' | 'part' | 'chunks' | 'bytes'>> {
	const { api, pauses, signal, signing, manifestKey: key } = options;
	const { recording } = manifest;
	const part = options.nextPart(recording);
	const stream = new ChunkStream({ api, pauses, signal, recording, track: recording, part });
	for (const chunk of await sealManifest({ manifest, key, signing, part })) {
		await stream.add(chunk);
		await stream.flush();
	}
	return { track: recording, part, chunks: stream.chunks, bytes: stream.bytes };
}
