import { CryptoError } from '#crypto/errors.ts';
import { type Grant, makeGrant } from '#crypto/grant/grant.ts';
import type { KeyOfTrack } from '#crypto/grant/keys.ts';
import { memberOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import { signAct } from '#lib/proof/act.ts';
import { proof } from '#lib/proof/proof.svelte.ts';
import type { Recording } from '#protocol/recordings.ts';
import { openOne } from './keys.ts';
import { opener } from './store.ts';

/** Who lets others open a recording that she can open herself, besides its host. */
export function mayGive({ host, state }: Recording): boolean {
	const { id, role } = account.member;
	return state === 'finished' && (host === id || role === 'admin' || role === 'supervisor');
}

/**
 * Wraps every key that this device has of a recording for one more member. Throws `no-key` for whoever is not
 * on the member list, `not-a-recipient` without any key, `ApiError`: `conflict` when she can open it already.
 */
export async function give(recording: Recording, to: string): Promise<void> {
	await account.refresh();
	const grant = await wrapFor(recording, { to, expiresAt: null });
	await sendGrant(grant);
}

/** Stores a grant; those that it replaces go in the same moment. Throws `ApiError`. */
export async function sendGrant(grant: Grant, replaces: readonly string[] = []): Promise<void> {
	const { recording, recipient } = grant;
	const path = `/api/recordings/${recording}/grants`;
	const signed = await signAct({ act: 'granted', recording, about: recipient });
	await request({ method: 'POST', path, body: { grant, replaces, signed } });
}

/**
 * Every key that this device has of a recording, wrapped for a member; `partly`: grants that do not open as they should are
 * left out. Throws as `give`.
 */
export async function wrapFor(
	recording: Recording,
	{ to, expiresAt, partly = false }: { to: string; expiresAt: number | null; partly?: boolean },
): Promise<Grant> {
	const recipient = memberOf(account.members, to);
	if (!recipient) throw new CryptoError('no-key');
	const keys = new Map<string, KeyOfTrack>();
	const mine = opener();
	for (const grant of recording.grants) {
		const opening = openOne({ recording: recording.id, grant, opener: mine });
		for (const one of await (partly ? ifOpen(opening) : opening)) keys.set(one.track, one);
	}
	if (keys.size === 0) throw new CryptoError('not-a-recipient');
	const grant = await makeGrant({
		recording: recording.id,
		recipient,
		grantor: { id: account.member.id, signing: account.identity.signing },
		expiresAt,
		keys: [...keys.values()],
		head: await proof.inCall.mine(),
	});
	for (const { key } of keys.values()) key.fill(0);
	return grant;
}

/** What a grant holds, nothing when it does not open as it should. */
export async function ifOpen(opening: ReturnType<typeof openOne>): ReturnType<typeof openOne> {
	try {
		return await opening;
	} catch (error) {
		if (error instanceof CryptoError) return [];
		throw error;
	}
}
