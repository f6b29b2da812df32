import { CryptoError } from '#crypto/errors.ts';
import { tellReason, owesReason } from '#lib/access/reasons.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import { signAct } from '#lib/proof/act.ts';
import { wrapFor } from '#lib/recordings/give.ts';
import { fetchRecording, openRecording } from '#lib/recordings/store.ts';
import { rewrites } from '#lib/rewrite/rewrites.svelte.ts';
import { recipientOf } from '#lib/rewrite/source.ts';
import type { Grant, Recording } from '#protocol/recordings.ts';

/** Its keys for the new host; null where she has them, or where nobody at this device has. Throws `no-key`. */
async function keysFor(recording: Recording, to: string): Promise<Grant | null> {
	if (recording.recipients.includes(to)) return null;
	try {
		return await wrapFor(recording, { to, expiresAt: null });
	} catch (error) {
		if (error instanceof CryptoError && error.code === 'not-a-recipient') return null;
		throw error;
	}
}

/**
 * Hands a recording of who left to a colleague, who hosts it from then on: this administrator signs it, and wraps its keys for
 * her where she can open it herself. Throws `no-key` for whoever is not on the member list, `ApiError`: `conflict` while its
 * host is a member or it is not finished.
 */
export async function handOver(id: string, to: string): Promise<void> {
	await account.refresh();
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
