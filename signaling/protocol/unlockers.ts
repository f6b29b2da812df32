import * as v from 'valibot';
import { Account, NewDevice } from './account.ts';
import { Bytes32, Id, Signature, Signed, Time, line } from './text.ts';

/** Passkeys of one account. */
export const passkeysMax = 5;

/**
 * What a member's unlocked device signs with her identity, in context `sotto/unlockers/v1`: a stolen token alone
 * adds or removes no recovery key and no passkey.
 */
export const UnlockersText = v.strictObject({
	member: Id,
	/** Ids of those that it replaces, in their order. */
	was: v.array(Id),
	unlockers: Account.entries.unlockers,
});
export type UnlockersText = v.InferOutput<typeof UnlockersText>;

/**
 * PUT /api/account/unlockers → 204. One password that is as it was, one recovery key, at most `passkeysMax` passkeys.
 * Errors: `conflict` (somebody was first), `bad-request` (no working way in would be left, or not signed by her).
 */
export const NewUnlockers = v.strictObject({ signed: Signed });

/** POST /api/passkey/start → a nonce to sign in context `sotto/passkey/v1` over `nonce || utf8(member)`; an unknown member is answered like a known one. Errors: `too-many-tries`. */
export const PasskeyStart = v.strictObject({ member: Id });
export const PasskeyStarted = v.strictObject({ login: Id, nonce: Bytes32 });

/** POST /api/passkey/finish → SignedIn. Errors: `login-failed`. */
export const PasskeyFinish = v.strictObject({
	login: Id,
	signature: Signature,
	device: v.union([Id, NewDevice]),
});

/** GET /api/account/devices: the browsers that a member is signed in with. DELETE /api/account/devices/:id → 204: it is signed out; `not-found`. */
export const Devices = v.strictObject({
	devices: v.array(
		v.strictObject({
			id: Id,
			name: line(80),
			createdAt: Time,
			activeAt: Time,
			/** The one that asks. */
			current: v.boolean(),
		}),
	),
});
export type Devices = v.InferOutput<typeof Devices>;
