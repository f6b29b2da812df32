import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { makeGrant } from '#crypto/grant/grant.ts';
import type { KeyOfTrack } from '#crypto/grant/keys.ts';
import type { PublicIdentity } from '#crypto/identity/identity.ts';
import { memberOf } from '#crypto/members/members.ts';
import type { PartContext } from '#crypto/track/digest.ts';
import { type TrackKey, importTrackKey } from '#crypto/track/key.ts';
import { account } from '#lib/account/account.svelte.ts';
import { address } from '#lib/net/origin.ts';
import { RecordingsApi } from '#lib/record/api.ts';
import { ChunkStream, type StoredFinal } from '#lib/record/final.ts';
import { type Manifest, type ManifestTrack, sealManifest } from '#lib/record/manifest.ts';
import { Pauses } from '#lib/record/retry.ts';
import { openOne } from '#lib/recordings/keys.ts';
import { isGenuine } from '#lib/recordings/regrant.ts';
import { type Opened, opener } from '#lib/recordings/store.ts';
import type { Grant, Recording } from '#protocol/recordings.ts';

/** What a recording is made of and what rewriting it has come to. Bytes; `total` grows to what is known. */
export interface RewriteProgress {
	readonly phase: 'seal' | 'verify' | 'swap';
	readonly done: number;
	readonly total: number;
}

/** What all ways to rewrite a recording need. */
export interface Rewriting {
	readonly opened: Opened;
	readonly signal: AbortSignal;
	readonly progress: (progress: RewriteProgress) => void;
}

/** The recordings of this server, with this member's token. */
export function recordingsApi(): RecordingsApi {
	return new RecordingsApi({
		origin: new URL(address('/')).origin,
		token: (stale) => account.token(stale !== undefined),
	});
}

/** Every key that this device has of a recording, by track. The caller erases them. Throws as `openOne`. */
export async function rawKeys(recording: Recording): Promise<Map<string, KeyOfTrack>> {
	const keys = new Map<string, KeyOfTrack>();
	const mine = opener();
	for (const grant of recording.grants)
		for (const one of await openOne({ recording: recording.id, grant, opener: mine }))
			keys.set(one.track, one);
	return keys;
}

export function eraseKeys(keys: Iterable<KeyOfTrack>): void {
	for (const { key } of keys) key.fill(0);
}

/** The newest keys of somebody who is on the member list, or of the practice; undefined for who is not. */
export function recipientOf(
	id: string,
): { id: string; publicIdentity: PublicIdentity } | undefined {
	const { practice, members } = account;
	if (id === practice.id) return { id, publicIdentity: practice.recordsIdentity };
	return memberOf(members, id);
}

/** These keys, wrapped for each of these. Throws `no-key` for somebody who is not on the member list. */
export async function wrapForAll(options: {
	recording: string;
	keys: readonly KeyOfTrack[];
	recipients: readonly { readonly id: string; readonly expiresAt: number | null }[];
}): Promise<Grant[]> {
	const { recording, keys, recipients } = options;
	const grantor = { id: account.member.id, signing: account.identity.signing };
	return Promise.all(
		recipients.map(({ id, expiresAt }) => {
			const recipient = recipientOf(id);
			if (!recipient) throw new CryptoError('no-key');
			return makeGrant({ recording, recipient, grantor, expiresAt, keys });
		}),
	);
}

const inForce = ({ expiresAt }: Grant): boolean => expiresAt === null || expiresAt > Date.now();

/**
 * Of the grants that the server shows, those that somebody signed who may let others open the recording: whom they are for and
 * until when is believed of no other.
 */
export async function genuineOf(
	grants: readonly Grant[],
	recording: Pick<Recording, 'id' | 'host' | 'madeBy'>,
): Promise<Grant[]> {
	const checked = await Promise.all(
		grants.map(async (grant) => {
			const ours = grant.recording === recording.id;
			return ours && (await isGenuine(grant, recording, account.members)) ? [grant] : [];
		}),
	);
	return checked.flat();
}

/**
 * Who can open a recording by grants that were signed by who may; and its host, the practice and this member, where they can by
 * any. Whoever left the practice is not among them.
 */
export async function whoCanOpen(
	grants: readonly Grant[],
	recording: Pick<Recording, 'id' | 'host' | 'madeBy'>,
): Promise<{ id: string; expiresAt: number | null }[]> {
	const genuine = await genuineOf(grants, recording);
	const answerable = new Set([recording.host, account.practice.id, account.member.id]);
	const others = grants.filter(({ recipient }) => answerable.has(recipient));
	const ids = new Set([...genuine, ...others].filter(inForce).map(({ recipient }) => recipient));
	return [...ids]
		.filter((id) => recipientOf(id))
		.map((id) => ({ id, expiresAt: endsOf(genuine, id) }));
}

/** Until when each of these can open it, by the grants that there are: the latest; null = without an end. */
export function endsOf(grants: readonly Grant[], id: string): number | null {
	const ends = grants.filter(({ recipient }) => recipient === id).map((one) => one.expiresAt);
	return ends.reduce<number | null>(
		(last, one) => (last === null || one === null ? null : Math.max(last, one)),
		ends[0] ?? null,
	);
}

/** The final objects of a recording as its manifest states them, and their keys. Throws `no-key` where one is missing. */
export function finalsOf({ manifest, recording, keys }: Opened) {
	return manifest.tracks.flatMap((track) => {
		const part = track.kind === 'final' ? track.parts.at(-1) : undefined;
		if (!part) return [];
		const stored = recording.objects.find(
			(one) => one.track === track.id && one.part === part.part,
		);
		const key = keys.get(track.id);
		if (!key || !stored) throw new CryptoError('no-key');
		const object = { track: track.id, part: part.part, bytes: stored.bytes, digest: part.digest };
		return [{ track, part, object: { ...object, key } }];
	});
}

/** How a new part says where it comes from: as the one before it, whose digest it names. */
export function nextContext(part: ManifestTrack['parts'][number]): PartContext {
	const { context, digest } = part;
	return {
		...context,
		receipts: context.receipts === null ? null : fromBase64url(context.receipts),
		recorder: fromBase64url(context.recorder),
		previous: fromBase64url(digest),
	};
}

/** A manifest that this member signs, sealed and stored as one part; how it lies there. */
export async function storeManifest(options: {
	api: RecordingsApi;
	manifest: Manifest;
	part: number;
	key: CryptoKey;
	signal: AbortSignal;
}): Promise<Pick<StoredFinal, 'track' | 'part' | 'chunks' | 'bytes'>> {
	const { api, part, key, signal } = options;
	const { signing } = account.identity;
	const manifest = { ...options.manifest, signer: toBase64url(signing.publicKey) };
	const recording = manifest.recording;
	const where = { api, pauses: new Pauses(), signal, recording, track: recording, part };
	const stream = new ChunkStream(where);
	for (const chunk of await sealManifest({ manifest, key, signing, part })) await stream.add(chunk);
	await stream.flush();
	return { track: recording, part, chunks: stream.chunks, bytes: stream.bytes };
}

/** Keys in the form in which media are opened with them. */
export async function importKeys(
	keys: ReadonlyMap<string, TrackKey>,
): Promise<Map<string, CryptoKey>> {
	const imported = new Map<string, CryptoKey>();
	for (const [track, key] of keys) imported.set(track, await importTrackKey(key));
	return imported;
}
