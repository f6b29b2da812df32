import { type Identity, generateParticipantIdentity } from '#crypto/identity/identity.ts';
import { StoredIdentity, keep, kept } from './shelf.ts';

/** This browser's keys for visits with one host (base64url of her fingerprint); made at the first. */
export async function participantIdentity(host: string): Promise<Identity> {
	const name = `identity ${host}`;
	const known = await kept(name, StoredIdentity);
	if (known) return known;
	const made = await generateParticipantIdentity();
	await keep(name, made);
	return made;
}
