import * as v from 'valibot';
import { OpaqueText } from './account.ts';
import { Bytes32, Id, PublicIdentity, Signature, Signed, Time, line } from './text.ts';

/** How long a member's wish for new keys waits for an administrator's client, at the most. */
export const rotationMaxMs = 8 * 24 * 60 * 60_000;

/** What a member signs, with the key that she has and with the new one, in context `sotto/key-rotation/v1`. */
export const RotationText = v.strictObject({
	v: v.literal(1),
	practice: Id,
	member: Id,
	/** Ed25519 key that she has until then. */
	from: Bytes32,
	to: PublicIdentity,
	/** SHA-256 of `NewRotation.account`. */
	account: Bytes32,
	/** SHA-256 of the UTF-8 text of the OPAQUE record. */
	record: Bytes32,
	expiresAt: Time,
});

/** One text, signed by the old key and by the new one. */
export const SignedRotation = v.strictObject({
	...Signed.entries,
	countersignature: Signature,
});
export type SignedRotation = v.InferOutput<typeof SignedRotation>;

/**
 * POST /api/account/rotation → 204: a whole new account of the asking member, which is in force once an administrator's
 * client has put her new keys on the member list. Until then nothing of the old one changes. Another password, recovery key or passkey
 * and the removing of a device end it. Errors: `locked` (she has to walk a way in at this device once more), `conflict` (one
 * waits already), `bad-request` (not signed by her old keys and the new ones, or no whole account).
 */
export const NewRotation = v.strictObject({
	rotation: SignedRotation,
	/** JSON of Account, as its hash was signed. */
	account: line(64 * 1024),
	registrationRecord: OpaqueText,
});

/** GET /api/account/rotation: whether one of hers waits, until when, and when and in which browser it was asked for. DELETE → 204: she takes it back. */
export const OwnRotation = v.strictObject({
	waitsUntil: v.nullable(Time),
	askedAt: v.optional(v.nullable(Time), null),
	browser: v.optional(v.nullable(v.string()), null),
});

/** A member who waits for her new keys; admins see them. */
export const WaitingRotation = v.strictObject({ member: Id, rotation: SignedRotation });
export type WaitingRotation = v.InferOutput<typeof WaitingRotation>;

/** Signed by her new identity in the same context: nothing is left that only the old keys open. */
export const DroppedText = v.strictObject({
	v: v.literal(1),
	member: Id,
	/** SHA-256 of `Account.former` as text. */
	dropped: Bytes32,
});

/** DELETE /api/account/former → 204. Errors: `bad-request` (not signed by her), `conflict` (others than these are kept). */
export const DropFormer = v.strictObject({ signed: Signed });
