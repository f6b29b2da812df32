import { CryptoError } from '#crypto/errors.ts';
import { openGrant } from '#crypto/grant/grant.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { type MemberList, memberOf } from '#crypto/members/members.ts';
import { importTrackKey } from '#crypto/track/key.ts';
import type { Grant } from '#protocol/recordings.ts';

/** With what this device opens grants, and whom it believes. */
export interface Opener {
	/** By id of the recipient: the member's own, and that of "Practice records key" where she holds it. */
	readonly identities: ReadonlyMap<string, Identity>;
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
		const identity = opener.identities.get(grant.recipient);
		if (!identity) continue;
		const grantor = memberOf(opener.members, grant.grantor);
		if (!grantor) throw new CryptoError('bad-signature');
		const grantorKey = grantor.publicIdentity.ed25519;
		const opened = await openGrant({ grant, recording, identity, grantorKey });
		for (const { track, key } of opened.keys) {
			if (!keys.has(track)) keys.set(track, await importTrackKey(key));
			key.fill(0);
		}
	}
	if (keys.size === 0) throw new CryptoError('not-a-recipient');
	return keys;
}
