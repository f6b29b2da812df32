import * as v from 'valibot';
import { Account, NewDevice, OpaqueText } from './account.ts';
import { Way } from './browsers.ts';
import { Bytes32, Id, Signature, Signed, Time, line } from './text.ts';

/** Passkeys of one account. */
export const passkeysMax = 5;

/**
 * What a member's unlocked device signs with her identity, in context `sotto/unlockers/v1`: a stolen token alone
 * changes no way in.
 */
export const UnlockersText = v.strictObject({
	member: Id,
	/** Ids of those that it replaces, in their order. */
	was: v.array(Id),
	unlockers: Account.entries.unlockers,
	/** With a new password only: SHA-256 of the UTF-8 text of its OPAQUE record. */
	record: v.optional(Bytes32),
});
export type UnlockersText = v.InferOutput<typeof UnlockersText>;

/**
 * PUT /api/account/unlockers → 204. One password that is as it was, one recovery key, at most `passkeysMax` passkeys.
 * Errors: `locked` (she has to walk a way in at this device once more: each time is good for one change, for 15
 * minutes), `conflict` (somebody was first), `bad-request` (no working way in would be left, or not signed by her).
 */
export const NewUnlockers = v.strictObject({ signed: Signed });

/**
 * POST /api/password/finish → 204, after /api/password/start. The password is a new one under a new id; recovery key
 * and passkeys are as they were. Errors: as `NewUnlockers`.
 */
export const PasswordFinish = v.strictObject({ registrationRecord: OpaqueText, signed: Signed });

/** Signed as `UnlockersText`, in the same context: a stolen token alone signs no other browser out. */
export const DeviceOutText = v.strictObject({ member: Id, removed: Id });
export const DeviceOut = v.strictObject({ signed: Signed });

/** POST /api/passkey/start → a nonce to sign in context `sotto/passkey/v1` over `nonce || utf8(member)`; an unknown member is answered like a known one. Errors: `too-many-tries`. */
export const PasskeyStart = v.strictObject({ member: Id });
export const PasskeyStarted = v.strictObject({ login: Id, nonce: Bytes32 });

/** POST /api/passkey/finish → SignedIn. Errors: `login-failed`. */
export const PasskeyFinish = v.strictObject({
	login: Id,
	signature: Signature,
	device: v.union([Id, NewDevice]),
});

/** GET /api/account/devices: the browsers that a member is signed in with. DELETE /api/account/devices/:id (DeviceOut) → 204: it is signed out; `not-found`, `bad-request` (not signed by her). */
export const Devices = v.strictObject({
	devices: v.array(
		v.strictObject({
			id: Id,
			name: line(80),
			createdAt: Time,
			activeAt: Time,
			/** The one that asks. */
			current: v.boolean(),
			/** How it came in at first; null = before that was kept. */
			way: v.nullable(Way),
		}),
	),
});
export type Devices = v.InferOutput<typeof Devices>;
