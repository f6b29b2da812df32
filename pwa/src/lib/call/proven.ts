import { type Bytes, equal, toBase64url } from '#crypto/bytes.ts';
import type { Knock, ProvenLevel } from './view.ts';

/** What somebody at the door proved: her key by an access code, her key package by a private link. */
export function provenLevel({ coded, linked }: { coded: boolean; linked: boolean }): ProvenLevel {
	if (coded) return 2;
	return linked ? 1 : 0;
}

/**
 * Whether somebody may be let in although the host clicked on her where her label was not shown, or before she knocked
 * anew: she proved the link or the code, or her key was met under this very name, and no other key goes by it.
 */
export const needsNoLook = ({ trust, keyChanged }: Pick<Knock, 'trust' | 'keyChanged'>): boolean =>
	trust.level > 0 && !keyChanged;

/**
 * What proves to a participant that the keys the server gives are the host's. undefined when they are not those that her
 * link or her access code named: a server that answers with others is not believed.
 */
export function provenHost(known: {
	/** Fingerprint of the keys that the server gives. */
	mark: Bytes;
	/** The one in the private part of the link. */
	linked: Bytes | undefined;
	/** The one that an access code confirmed in this browser, base64url. */
	coded: string | undefined;
}): ProvenLevel | undefined {
	const { mark, linked, coded } = known;
	if (linked && !equal(linked, mark)) return undefined;
	if (coded !== undefined && coded !== toBase64url(mark)) return undefined;
	return provenLevel({ coded: coded !== undefined, linked: linked !== undefined });
}
