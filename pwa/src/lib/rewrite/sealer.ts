import { readPart } from '#crypto/track/verdict.ts';
import type { PartContext } from '#crypto/track/digest.ts';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import type { RecordingsApi } from '#lib/record/api.ts';
import { type StoredFinal, verifyFinal } from '#lib/record/final.ts';
import { Pauses, persist } from '#lib/record/retry.ts';
import { type CutFile, type CutJob, cutObject } from './cutobject.ts';
import { type SealedObject, type Shop, resealObject } from './reseal.ts';

/** An object that is sealed anew under another key. */
export interface ResealJob {
	readonly recording: string;
	readonly from: SealedObject;
	readonly to: { readonly part: number; readonly key: CryptoKey };
	readonly context: PartContext;
}

/** Does what touches every byte: in a worker, or right here where there is none. */
export interface Sealer {
	/** Throws as `resealObject`. */
	reseal(job: ResealJob, onBytes: (bytes: number) => void): Promise<StoredFinal>;
	/** Throws as `cutObject`; its bytes are counted twice, once for each pass. */
	cut(job: CutJob, onBytes: (bytes: number) => void): Promise<CutFile | undefined>;
	/** Reads back what was stored. Throws as `verifyFinal`. */
	verify(
		job: { recording: string; key: CryptoKey; stored: StoredFinal },
		onBytes: (bytes: number) => void,
	): Promise<void>;
}

/** A sealer without a worker. */
export function sealerHere(api: RecordingsApi, signal: AbortSignal): Sealer {
	const pauses = new Pauses();
	const shop = (recording: string, onBytes: (bytes: number) => void): Shop => ({
		api,
		pauses,
		recording,
		signal,
		onBytes,
	});
	return {
		reseal: ({ recording, ...job }, onBytes) => resealObject(shop(recording, onBytes), job),
		cut: (job, onBytes) => cutObject({ api, pauses, signal, onBytes }, job),
		verify: (job, onBytes) =>
			persist(() => verifyFinal({ ...job, api, signal, onBytes }), { pauses, signal }),
	};
}

/** A part that an earlier try stored whole; undefined when it has no end, or is not under this key. */
export async function wholePart(options: {
	api: RecordingsApi;
	job: ResealJob;
	stored: { part: number; chunks: number; bytes: number };
	signal: AbortSignal;
}): Promise<StoredFinal | undefined> {
	const { api, job, stored, signal } = options;
	const { recording, from, to, context } = job;
	const { track } = from;
	const { part, chunks, bytes } = stored;
	const name = { recording: fromBase64url(recording), track: fromBase64url(track), part };
	const source = api.objectBytes({ recording, track, part, bytes }, signal);
	const { verdict, segments, digest } = await readPart({ key: to.key, name, source });
	if (verdict !== 'complete') return undefined;
	return { track, part, chunks, bytes, segments, digest: toBase64url(digest), context };
}
