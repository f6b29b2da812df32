import { CryptoError } from '#crypto/errors.ts';
import { grantSigner, openGrant } from '#crypto/grant/grant.ts';
import type { KeyOfTrack } from '#crypto/grant/keys.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { type MemberList, signingKeysOf } from '#crypto/members/members.ts';
import { importTrackKey } from '#crypto/track/key.ts';
import type { Grant } from '#protocol/recordings.ts';

/** With what this device opens grants, and whom it believes. */
export interface Opener {
	/** By id of the recipient: the member's own, and those of "Practice records key", now and before, where she holds them. */
	readonly identities: ReadonlyMap<string, readonly Identity[]>;
	readonly members: MemberList;
}

/** Keys of the tracks of one recording, by track id; none can leave WebCrypto. */
export type TrackKeys = ReadonlyMap<string, CryptoKey>;

/**
 * The track keys in the grants that this device can open; a late person's are in a grant of their own. Throws
 * `not-a-recipient` when no grant is for this device, and what `openGrant` throws when one that is does not open.
 */
export async function openTrackKeys(options: {
	recording: string;
	grants: readonly Grant[];
	opener: Opener;
}): Promise<TrackKeys> {
	const { recording, grants, opener } = options;
	const keys = new Map<string, CryptoKey>();
	for (const grant of grants) {
		for (const { track, key } of await openOne({ recording, grant, opener })) {
			if (!keys.has(track)) keys.set(track, await importTrackKey(key));
			key.fill(0);
		}
	}
	if (keys.size === 0) throw new CryptoError('not-a-recipient');
	return keys;
}

/**
 * The keys in one grant, none when it is for nobody here, or for keys that were replaced. Throws as `openGrant`
 * when no key that the grantor has or had signed it.
 */
export async function openOne(options: {
	recording: string;
	grant: Grant;
	opener: Opener;
}): Promise<readonly KeyOfTrack[]> {
	const { recording, grant, opener } = options;
	const grantorKey = await grantSigner(grant, signingKeysOf(opener.members, grant.grantor));
	if (!grantorKey) throw new CryptoError('bad-signature');
	for (const identity of opener.identities.get(grant.recipient) ?? []) {
		try {
			return (await openGrant({ grant, recording, identity, grantorKey })).keys;
		} catch (error) {
			if (!(error instanceof CryptoError) || error.code !== 'not-a-recipient') throw error;
		}
	}
	return [];
}
