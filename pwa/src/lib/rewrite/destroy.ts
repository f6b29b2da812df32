import { random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import type { RecordingsApi } from '#lib/record/api.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import {
	type Opened,
	deleteRecording,
	fetchRecording,
	openRecording,
} from '#lib/recordings/store.ts';
import type { AnnotationKind } from '#protocol/annotations.ts';
import { beginRevision, cancelRevision, fetchRevision, fetchShown, finishRevision } from './api.ts';
import { nextPart } from './relock.ts';
import { eraseKeys, whoCanOpen, rawKeys, storeManifest, wrapForAll } from './source.ts';

/** Whose tracks there are: numbers of people. */
export function peopleWithMedia({ manifest }: Pick<Opened, 'manifest'>): number[] {
	return manifest.tracks.filter(({ kind }) => kind === 'final').map(({ person }) => person);
}

export interface Destroying {
	readonly opened: Opened;
	/** Number of the person. */
	readonly person: number;
	readonly captions: boolean;
	readonly api: RecordingsApi;
	readonly signal: AbortSignal;
}

/**
 * Destroys all that was kept of one person in a recording and in every shortened copy of it, as `destroyTrack`: in the copies
 * first, and a copy that has nobody else is deleted. Cut short it can be begun again. What the server calls a copy and is none
 * by its own signed words stays. Throws as `destroyTrack` and `openRecording`.
 */
export async function destroyPerson(options: Destroying): Promise<void> {
	const { opened, person, signal } = options;
	const { recording, manifest } = opened;
	const root = manifest.derivedFrom?.root ?? recording.id;
	const { copies } = await fetchShown(recording.id);
	for (const id of copies.toReversed()) {
		signal.throwIfAborted();
		const copy = await openRecording(await fetchRecording(id), signal);
		const people = peopleWithMedia(copy);
		if (copy.manifest.derivedFrom?.root !== root || !people.includes(person)) continue;
		if (people.length === 1) await deleteRecording(id);
		else await destroyTrack({ ...options, opened: copy });
	}
	await destroyTrack(options);
}

/**
 * Destroys what was kept of one person in one recording: her sealed track goes, her key is in no grant any more, and the recording says
 * who destroyed it and when. Everybody else's tracks stay as they are. Words that may hold what she said or how she sounded
 * (captions, where `captions` is set, and the drawn sound of all) go with it. Given up before its end it changes nothing. Throws
 * TypeError when it is the only track there is, `no-key`, `ApiError`: `conflict` when somebody else rewrites the recording, or a copy of it
 * still has her track.
 */
export async function destroyTrack(options: Destroying): Promise<void> {
	const { opened, person, captions, api, signal } = options;
	const { recording, manifest } = opened;
	const people = peopleWithMedia(opened);
	if (!people.includes(person) || people.length < 2) throw new TypeError('not one of many tracks');
	await account.refresh();
	const tracks = manifest.tracks.filter((one) => one.kind === 'final');
	const gone = tracks.filter((one) => one.person === person).map(({ id }) => id);
	const left = tracks.filter((one) => one.person !== person).map(({ id }) => id);
	const raw = await rawKeys(recording);
	const keys = [recording.id, ...left].map((track) => {
		const found = raw.get(track);
		if (!found) throw new CryptoError('no-key');
		return found;
	});
	const key = opened.keys.get(recording.id);
	if (!key) throw new CryptoError('no-key');
	try {
		const wrap = (recipients: readonly { id: string; expiresAt: number | null }[]) =>
			wrapForAll({ recording: recording.id, keys, recipients });
		const [grant] = await wrap([{ id: account.member.id, expiresAt: null }]);
		if (!grant) throw new CryptoError('no-key');
		const open = await fetchRevision(recording.id);
		if (open?.member === account.member.id) await cancelRevision(recording.id, open.id);
		const id = toBase64url(random(16));
		const revision = await beginRevision(recording.id, { id, kind: 'destroy', grant });
		const part = nextPart(revision, recording.id);
		const without = withoutPerson(manifest, person);
		const kept = await storeManifest({ api, signal, key, manifest: without, part });
		signal.throwIfAborted();
		const recipients = await whoCanOpen(revision.grants, recording);
		await finishRevision(recording.id, id, {
			keep: [kept],
			destroy: gone,
			grants: await wrap(recipients),
			replaces: revision.grants.map((one) => one.id),
			annotations: [],
			drop: wordsThatGo(captions),
		});
	} finally {
		eraseKeys(raw.values());
	}
}

const wordsThatGo = (captions: boolean): AnnotationKind[] =>
	captions ? ['waveform', 'captions'] : ['waveform'];

function withoutPerson(manifest: Manifest, person: number): Manifest {
	const tracks = manifest.tracks.filter((one) => one.kind !== 'final' || one.person !== person);
	const said = { what: 'destroy' as const, at: Date.now(), by: account.member.id, person };
	return { ...manifest, tracks, rewritten: [...(manifest.rewritten ?? []), said] };
}
