import { random, toBase64url } from '#crypto/bytes.ts';
import { makeGrant } from '#crypto/grant/grant.ts';
import type { PublicIdentity } from '#crypto/identity/identity.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import type { Grant, NewTrack } from '#protocol/recordings.ts';

/** Who wraps the track keys, and for whom. */
export interface Granting {
	readonly grantor: { readonly id: string; readonly signing: SigningKey };
	readonly recipients: readonly { readonly id: string; readonly publicIdentity: PublicIdentity }[];
}

/** The three tracks of one person, and the one key they are sealed under. */
export interface PersonTracks {
	/** Number within the recording. */
	readonly person: number;
	readonly audio: string;
	readonly video: string;
	readonly final: string;
	readonly key: CryptoKey;
}

/** What the server gets, and what this device seals with. */
export interface NewTracks {
	readonly people: PersonTracks[];
	/** Key of the manifest, when its track is among the new ones. */
	readonly manifest: CryptoKey | null;
	readonly tracks: NewTrack[];
	readonly grants: Grant[];
}

function id(): string {
	return toBase64url(random(16));
}

/**
 * Makes a track key per person, wraps all of them for each recipient, and forgets their bytes: what stays here is
 * non-extractable. With `manifest` the recording's own track is among them. Throws as `makeGrant` does.
 */
export async function makeTracks(options: {
	recording: string;
	people: readonly number[];
	manifest: boolean;
	granting: Granting;
}): Promise<NewTracks> {
	const { recording, people, manifest, granting } = options;
	const named = people.map((person) => ({ person, audio: id(), video: id(), final: id() }));
	const raw = named.map((tracks) => ({ ...tracks, key: createTrackKey() }));
	const manifestKey = manifest ? createTrackKey() : null;
	const keys = raw.flatMap(({ audio, video, final, key }) =>
		[audio, video, final].map((track) => ({ track, key })),
	);
	if (manifestKey) keys.push({ track: recording, key: manifestKey });
	const { grantor, recipients } = granting;
	const grants = await Promise.all(
		recipients.map((recipient) =>
			makeGrant({ recording, recipient, grantor, expiresAt: null, keys }),
		),
	);
	const made = await Promise.all(
		raw.map(async ({ key, ...tracks }) => ({ ...tracks, key: await importTrackKey(key) })),
	);
	const manifestCryptoKey = manifestKey && (await importTrackKey(manifestKey));
	for (const { key } of keys) key.fill(0);
	const tracks: NewTrack[] = named.flatMap(({ person, audio, video, final }) => [
		{ id: audio, kind: 'audio' as const, person },
		{ id: video, kind: 'video' as const, person },
		{ id: final, kind: 'final' as const, person },
	]);
	if (manifest) tracks.push({ id: recording, kind: 'manifest', person: -1 });
	return { people: made, manifest: manifestCryptoKey, tracks, grants };
}
