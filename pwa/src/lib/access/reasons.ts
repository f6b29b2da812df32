import * as v from 'valibot';
import { openAnnotation, sealAnnotation } from '#crypto/annotation/annotation.ts';
import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { signingKeysOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import { signAct } from '#lib/proof/act.ts';
import { openWithAny } from '#lib/recordings/former.ts';
import { type TrackKeys, openTrackKeys } from '#lib/recordings/keys.ts';
import { opener } from '#lib/recordings/store.ts';
import type { Recording } from '#protocol/recordings.ts';

/** The longest reason, characters. */
export const reasonMax = 500;

const Said = v.strictObject({ reason: v.pipe(v.string(), v.maxLength(reasonMax)) });
/** Bound to its bytes, so that no reason can be shown in the place of another. */
const kindOf = (id: string): string => `reason ${id}`;

/** Whether this member says why before she opens it, or recovers it: an admin or supervisor who is not its host. */
export function owesReason({ host }: Pick<Recording, 'host'>): boolean {
	const { id, role } = account.member;
	return host !== id && (role === 'admin' || role === 'supervisor');
}

/**
 * Seals why this member opens a recording for everybody who can open it, and tells the server that she does. Throws
 * `not-a-recipient` when she has no key of it, and `ApiError`.
 */
export async function tellReason(recording: Recording, reason: string): Promise<void> {
	const { id: recordingId, grants } = recording;
	const keys = await openTrackKeys({ recording: recordingId, grants, opener: opener() });
	const id = toBase64url(random(16));
	const { member, identity } = account;
	const sealed = await sealAnnotation({
		key: manifestKey(keys, recordingId),
		recording: recordingId,
		kind: kindOf(id),
		version: 1,
		author: { id: member.id, signing: identity.signing },
		at: Date.now(),
		body: { reason: reason.trim() },
	});
	const opening = { id, reason: toBase64url(sealed) };
	const signed = await signAct({ act: 'opened', recording: recordingId, about: id });
	const path = `/api/recordings/${recordingId}/opened`;
	await request({ method: 'POST', path, body: { opening, signed } });
}

/** Why somebody opened a recording, in her words. Throws as `openAnnotation`, `bad-signature` when another wrote it, `no-key`. */
export async function openReason(options: {
	recording: string;
	keys: TrackKeys;
	opening: { id: string; member: string; reason: string };
}): Promise<string> {
	const { recording, keys, opening } = options;
	const { author, body } = await openWithAny({ recording, keys }, (key) =>
		openAnnotation({
			key,
			recording,
			kind: kindOf(opening.id),
			sealed: fromBase64url(opening.reason),
			keysOf: (member) => signingKeysOf(account.members, member),
			schema: Said,
		}),
	);
	if (author !== opening.member) throw new CryptoError('bad-signature');
	return body.reason;
}

function manifestKey(keys: TrackKeys, recording: string): CryptoKey {
	const key = keys.get(recording);
	if (!key) throw new CryptoError('no-key');
	return key;
}
