import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import { account } from '#lib/account/account.svelte.ts';
import { signWish } from '#lib/deletion/wish.ts';
import type { RecordingsApi } from '#lib/record/api.ts';
import { type Manifest, type ManifestTrack, originOf } from '#lib/record/manifest.ts';
import { partRow } from '#lib/record/parts.ts';
import { fetchRecording, openRecording } from '#lib/recordings/store.ts';
import { finishDerivative, makeDerivative } from './api.ts';
import { Counter } from './counter.ts';
import type { CutFile } from './cutobject.ts';
import { type Passage, timesAfter } from './passage.ts';
import type { Sealer } from './sealer.ts';
import {
	type Rewriting,
	eraseKeys,
	finalsOf,
	recipientOf,
	storeManifest,
	wrapForAll,
} from './source.ts';

/** What a cut needs besides. */
export interface Cutting extends Rewriting {
	readonly passage: Passage;
	/** It takes the place of the recording, which is deleted in the same moment; otherwise it is deleted with it. */
	readonly replaces: boolean;
	readonly api: RecordingsApi;
	readonly sealer: Sealer;
}

type Final = ReturnType<typeof finalsOf>[number];

/**
 * Makes a copy of a recording without a passage: a recording of its own under keys of its own, for its host, whoever makes
 * it and the practice where it could open the source. The source stays as it is, or with `replaces` goes when the copy is whole:
 * never one without the other. What was not finished is never shown to anybody and goes by itself. Gives the copy's id. Throws `no-key`, `open-failed` when something of the source is not as it was sealed,
 * RangeError when nothing would be left, `ApiError`:
 * `conflict` when it may not be deleted.
 */
export async function cutPassage(options: Cutting): Promise<string> {
	const { opened, passage, api, sealer, signal, replaces } = options;
	const { recording, manifest } = opened;
	await account.refresh();
	const finals = finalsOf(opened);
	const id = toBase64url(random(16));
	const made = finals.map((final) => ({ final, track: toBase64url(random(16)) }));
	const raw = [id, ...made.map(({ track }) => track)].map((track) => ({
		track,
		key: createTrackKey(),
	}));
	const keys = new Map<string, CryptoKey>();
	for (const { track, key } of raw) keys.set(track, await importTrackKey(key));
	const grants = await wrapForAll({ recording: id, keys: raw, recipients: recipientsOf(options) });
	eraseKeys(raw);
	const tracks = made.map(({ final, track }) => ({
		id: track,
		kind: 'final' as const,
		person: final.track.person,
	}));
	const own = { id, kind: 'manifest' as const, person: -1 };
	await makeDerivative(recording.id, { id, tracks: [own, ...tracks], grants });
	const keyOf = (track: string): CryptoKey => {
		const key = keys.get(track);
		if (!key) throw new CryptoError('no-key');
		return key;
	};
	const counter = new Counter(options.progress);
	counter.begin('seal', 2 * finals.reduce((sum, { object }) => sum + object.bytes, 0));
	const files: { final: Final; file: CutFile }[] = [];
	for (const { final, track } of made) {
		const job = { ...jobOf(final, manifest), source: recording.id, recording: id, passage };
		const file = await sealer.cut({ ...job, track, key: keyOf(track) }, counter.add);
		if (file) files.push({ final, file });
	}
	if (files.length === 0) throw new RangeError('nothing is left');
	counter.begin(
		'verify',
		files.reduce((sum, { file }) => sum + file.stored.bytes, 0),
	);
	for (const { file } of files) {
		const { stored } = file;
		await sealer.verify({ recording: id, key: keyOf(stored.track), stored }, counter.add);
	}
	counter.begin('swap', 1);
	const next = manifestOf(manifest, { id, passage, tracks: files.map(trackOf) });
	const kept = await storeManifest({ api, signal, manifest: next, part: 0, key: keyOf(id) });
	// Never is the source given up for a copy that nobody can open.
	await openRecording(await fetchRecording(id), signal);
	signal.throwIfAborted();
	const keep = [...files.map(({ file }) => file.stored), kept].map(
		({ track, part, chunks, bytes }) => ({ track, part, chunks, bytes }),
	);
	const wish = replaces ? await signWish(recording.id) : undefined;
	await finishDerivative(recording.id, id, { keep, replaces, ...(wish && { wish }) });
	counter.add(1);
	return id;
}

/** The host while she is a member, whoever makes it, and the practice where it could open the source; others are let in one by one. */
function recipientsOf({ opened }: Cutting): { id: string; expiresAt: null }[] {
	const { recipients, host } = opened.recording;
	const { member, practice } = account;
	const ids = new Set([member.id]);
	for (const id of [host, practice.id]) if (recipients.includes(id) && recipientOf(id)) ids.add(id);
	return [...ids].map((id) => ({ id, expiresAt: null }));
}

function jobOf({ track, part, object }: Final, manifest: Manifest) {
	const { session, generation, receipts, recorder } = part.context;
	return {
		from: object,
		startMs: track.start,
		zeroMs: manifest.startedAt,
		codecs: track.codecs,
		context: {
			session,
			generation,
			receipts: receipts === null ? null : fromBase64url(receipts),
			recorder: fromBase64url(recorder),
		},
	};
}

function trackOf({ final, file }: { final: Final; file: CutFile }): ManifestTrack {
	const { stored, codecs, startMs, durationMs } = file;
	return {
		id: stored.track,
		person: final.track.person,
		kind: 'final',
		codecs: [...codecs],
		start: startMs,
		duration: durationMs,
		parts: [partRow({ ...stored, ended: true })],
	};
}

function manifestOf(
	source: Manifest,
	{ id, passage, tracks }: { id: string; passage: Passage; tracks: ManifestTrack[] },
): Manifest {
	const { from, to } = passage;
	const said = { what: 'cut' as const, at: Date.now(), by: account.member.id, from, to };
	return {
		...source,
		...timesAfter(source, passage),
		recording: id,
		tracks,
		derivedFrom: originOf(source),
		rewritten: [...(source.rewritten ?? []), said],
	};
}
