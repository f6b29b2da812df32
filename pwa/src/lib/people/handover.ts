import { CryptoError } from '#crypto/errors.ts';
import { memberOf } from '#crypto/members/members.ts';
import { tellReason, owesReason } from '#lib/access/reasons.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import { signAct } from '#lib/proof/act.ts';
import { wrapFor } from '#lib/recordings/give.ts';
import { fetchRecording, openRecording } from '#lib/recordings/store.ts';
import { rewrites } from '#lib/rewrite/rewrites.svelte.ts';
import { recipientOf } from '#lib/rewrite/source.ts';
import type { Grant, Recording } from '#protocol/recordings.ts';

/**
 * Whether its keys go along with it: not where a consent under 42 CFR Part 2 says who gets what was recorded, and not where this
 * device cannot tell. Then she is let in on its page, where it is asked whether she is named there. Throws `ApiError`.
 */
async function keysGoAlong(recording: Recording): Promise<boolean> {
	try {
		const { evidence } = await openRecording(recording);
		return evidence.notice?.notice.part2 === undefined;
	} catch (error) {
		if (error instanceof CryptoError) return false;
		throw error;
	}
}

/** Its keys for the new host; null where she has them, where nobody at this device has, and where they do not go along. */
async function keysFor(recording: Recording, to: string): Promise<Grant | null> {
	if (recording.recipients.includes(to) || !(await keysGoAlong(recording))) return null;
	return wrapFor(recording, { to, expiresAt: null });
}

/**
 * Hands a recording of who left to a colleague, who hosts it from then on: this administrator signs it, and wraps its keys for
 * her where she can open it herself and no consent says who may. Throws `no-key` for whoever is not on the member list,
 * `ApiError`: `conflict` while its host is a member or it is not finished.
 */
export async function handOver(id: string, to: string): Promise<void> {
	await account.refresh();
	if (!memberOf(account.members, to)) throw new CryptoError('no-key');
	const grant = await keysFor(await fetchRecording(id), to);
	const signed = await signAct({ act: 'handed-over', recording: id, about: to });
	const granted = grant && (await signAct({ act: 'granted', recording: id, about: to }));
	const body = { host: to, grant, signed, ...(granted && { granted }) };
	await request({ method: 'PUT', path: `/api/recordings/${id}/host`, body });
}

/**
 * Seals a recording anew for everybody who can open it but who left. Where it is another's, `reason` is said of it. Ends early
 * without an error when `signal` is aborted; then it stays as it was. Throws as `openRecording` and `relock`.
 */
export async function sealWithout(
	id: string,
	{ left, reason, signal }: { left: string; reason: string; signal: AbortSignal },
): Promise<void> {
	const recording = await fetchRecording(id);
	if (owesReason(recording)) await tellReason(recording, reason);
	const opened = await openRecording(recording, signal);
	const recipients = recording.recipients.filter((one) => one !== left && recipientOf(one));
	const cancel = () => rewrites.of(id)?.cancel();
	signal.addEventListener('abort', cancel);
	try {
		if (!signal.aborted) await rewrites.relock(opened, recipients);
	} finally {
		signal.removeEventListener('abort', cancel);
	}
	const rewrite = rewrites.of(id);
	if (rewrite?.state === 'failed') throw rewrite.failure;
	rewrites.forget(id);
}
