import { resealAnnotation } from '#crypto/annotation/annotation.ts';
import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { KeyOfTrack } from '#crypto/grant/keys.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import { account } from '#lib/account/account.svelte.ts';
import { ApiError } from '#lib/net/errors.ts';
import type { RecordingsApi } from '#lib/record/api.ts';
import type { StoredFinal } from '#lib/record/final.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import { partRow } from '#lib/record/parts.ts';
import { keepFormer } from '#lib/recordings/former.ts';
import { openOne } from '#lib/recordings/keys.ts';
import { opener } from '#lib/recordings/store.ts';
import type { Grant } from '#protocol/recordings.ts';
import type { FinishRevision, Revision } from '#protocol/revisions.ts';
import { beginRevision, cancelRevision, fetchRevision, finishRevision } from './api.ts';
import type { Begun } from './begun.ts';
import { Counter } from './counter.ts';
import { type ResealJob, type Sealer, wholePart } from './sealer.ts';
import {
	type Rewriting,
	eraseKeys,
	finalsOf,
	nextContext,
	rawKeys,
	whoCanOpen,
	storeManifest,
	wrapForAll,
} from './source.ts';

/** What a re-lock needs besides. */
export interface Relocking extends Rewriting {
	/** Who can open it afterwards, by id; whoever is not among them cannot any more. */
	readonly recipients: readonly string[];
	readonly api: RecordingsApi;
	readonly sealer: Sealer;
	readonly begun: Begun;
}

interface Started {
	readonly revision: Revision;
	readonly keys: readonly KeyOfTrack[];
}

/**
 * Seals a recording anew under keys that nobody had before, wraps them for the given recipients, and has the old bytes,
 * grants and words go in one moment. Until then everything stays as it was. Given up or cut short at any point, it can be begun
 * again: what this browser had stored whole is taken up. Throws `no-key` when this device lacks a key, `bad-signature` when nobody
 * who may let a recipient open it, or that one left the practice, `open-failed` when something of the recording is not as it was
 * sealed, `ApiError`: `conflict` when somebody else rewrites it or access or words changed meanwhile.
 */
export async function relock(options: Relocking): Promise<void> {
	const { opened, api, sealer, signal, begun } = options;
	const { recording } = opened;
	await account.refresh();
	const finals = finalsOf(opened);
	const tracks = [recording.id, ...finals.map(({ track }) => track.id)];
	const { revision, keys } = await start({ opened, tracks, begun });
	try {
		await chosenOf(options, revision);
		const counter = new Counter(options.progress);
		const sizes = finals.reduce((sum, { object }) => sum + object.bytes, 0);
		counter.begin('seal', sizes);
		const stored: StoredFinal[] = [];
		for (const { part, object } of finals) {
			const key = await keyFor(keys, object.track);
			const context = nextContext(part);
			const to = { part: nextPart(revision, object.track), key };
			const job = { recording: recording.id, from: object, to, context };
			const whole = await earlier(options, revision, job);
			if (whole) counter.add(object.bytes);
			stored.push(whole ?? (await sealer.reseal(job, counter.add)));
		}
		counter.begin('verify', sizes);
		for (const one of stored) {
			const key = await keyFor(keys, one.track);
			await sealer.verify({ recording: recording.id, key, stored: one }, counter.add);
		}
		counter.begin('swap', 1);
		const key = await keyFor(keys, recording.id);
		const manifest = await storeManifest({
			api,
			signal,
			key,
			manifest: relocked(opened.manifest, stored),
			part: nextPart(revision, recording.id),
		});
		await swap({ ...options, keys, key, revision, kept: [...stored, manifest] });
		begun.delete(recording.id);
		counter.add(1);
	} finally {
		eraseKeys(keys);
	}
}

/** Gives up what was begun, here or elsewhere. Throws `ApiError`. */
export async function giveUp(recording: string, begun: Begun): Promise<void> {
	const revision = await fetchRevision(recording);
	if (revision) await cancelRevision(recording, revision.id);
	begun.delete(recording);
}

/** Takes up what this browser began, or begins anew; the keys are never those of before. */
async function start(options: {
	opened: Rewriting['opened'];
	tracks: readonly string[];
	begun: Begun;
}): Promise<Started> {
	const { opened, tracks, begun } = options;
	const { id } = opened.recording;
	const open = await fetchRevision(id);
	if (open?.member === account.member.id) {
		const keys = await keysOf(open, begun);
		if (keys && tracks.every((track) => keys.some((one) => one.track === track)))
			return { revision: open, keys };
		await cancelRevision(id, open.id);
	}
	const keys = tracks.map((track) => ({ track, key: createTrackKey() }));
	const recipients = [{ id: account.member.id, expiresAt: null }];
	const [grant] = await wrapForAll({ recording: id, keys, recipients });
	if (!grant) throw new CryptoError('no-key');
	begun.set(id, grant.id);
	const wanted = { id: toBase64url(random(16)), kind: 'relock', grant } as const;
	return { revision: await beginRevision(id, wanted), keys };
}

/** The keys of what was begun, if it was begun here. */
async function keysOf(open: Revision, begun: Begun): Promise<readonly KeyOfTrack[] | undefined> {
	const { grant, kind } = open;
	const mine = grant.grantor === account.member.id && kind === 'relock';
	if (!mine || begun.get(grant.recording) !== grant.id) return undefined;
	return openOne({ recording: grant.recording, grant, opener: opener() });
}

async function keyFor(keys: readonly KeyOfTrack[], track: string): Promise<CryptoKey> {
	const found = keys.find((one) => one.track === track);
	if (!found) throw new CryptoError('no-key');
	return importTrackKey(found.key);
}

/** Behind every part that was begun: a part is never taken up again. */
export function nextPart(revision: Revision, track: string): number {
	const base = revision.tracks.find((one) => one.track === track)?.base ?? 0;
	const begun = revision.parts.filter((one) => one.track === track).map(({ part }) => part + 1);
	return Math.max(base, ...begun);
}

/** What an earlier try stored whole of this object. */
async function earlier(
	{ api, signal }: Relocking,
	revision: Revision,
	job: ResealJob,
): Promise<StoredFinal | undefined> {
	const stored = revision.parts.findLast(({ track }) => track === job.from.track);
	return stored && wholePart({ api, signal, job, stored });
}

/** The same words about the new parts. */
function relocked(manifest: Manifest, stored: readonly StoredFinal[]): Manifest {
	const rewritten = [
		...(manifest.rewritten ?? []),
		{ what: 'relock' as const, at: Date.now(), by: account.member.id },
	];
	const tracks = manifest.tracks.map((track) => {
		const fresh = stored.find((one) => one.track === track.id);
		return fresh ? { ...track, parts: [partRow({ ...fresh, ended: true })] } : track;
	});
	return { ...manifest, tracks, rewritten };
}

/** What is not sealed anew (reasons, whom it was shared with) is read with the key of before. */
async function keepOldKey({ opened }: Relocking): Promise<void> {
	const { recording, keys } = opened;
	const raw = await rawKeys(recording);
	try {
		const old = raw.get(recording.id);
		if (!old) throw new CryptoError('no-key');
		await keepFormer({ recording: recording.id, keys, raw: old.key });
	} finally {
		eraseKeys(raw.values());
	}
}

/** The recipients, and until when. Throws `bad-signature`: they were chosen from what the server told, and nobody let one in. */
async function chosenOf({ opened, recipients }: Relocking, { grants }: Revision) {
	const openers = await whoCanOpen(grants, opened.recording);
	const chosen = openers.filter(({ id }) => recipients.includes(id));
	if (chosen.length !== new Set(recipients).size) throw new CryptoError('bad-signature');
	return chosen;
}

const inForce = ({ expiresAt }: Grant): boolean => expiresAt === null || expiresAt > Date.now();

async function swap(
	options: Relocking & Started & { key: CryptoKey; kept: FinishRevision['keep'] },
): Promise<void> {
	const { opened, revision, keys, key, kept } = options;
	const recording = opened.recording.id;
	const from = opened.keys.get(recording);
	if (!from) throw new CryptoError('no-key');
	await keepOldKey(options);
	// As they stand now: while the bytes went up, somebody may have written a note.
	const now = await fetchRevision(recording);
	if (now?.id !== revision.id) throw new ApiError('conflict');
	// Whoever was let in meanwhile is on nobody's list yet.
	const known = new Set(opened.recording.recipients);
	if (now.grants.some((grant) => inForce(grant) && !known.has(grant.recipient)))
		throw new ApiError('conflict');
	const annotations = await Promise.all(
		now.annotations.map(async ({ kind, version, sealed }) => {
			const bytes = fromBase64url(sealed);
			const fresh = await resealAnnotation({ recording, kind, from, to: key, sealed: bytes });
			return { kind, version, sealed: toBase64url(fresh) };
		}),
	);
	const chosen = await chosenOf(options, now);
	const grants = await wrapForAll({ recording, keys, recipients: chosen });
	await finishRevision(recording, revision.id, {
		keep: kept.map(({ track, part, chunks, bytes }) => ({ track, part, chunks, bytes })),
		destroy: [],
		grants,
		replaces: now.grants.map(({ id }) => id),
		annotations,
		drop: [],
	});
}
