import * as v from 'valibot';
import { Count, Id, Signed, Time } from './text.ts';

/**
 * DELETE /api/recordings/:id (host or admin), with or without a body: grants, then objects, then a tombstone. 204; again: 204.
 * `wish` is signed by the asking member in context `sotto/deletion/v1` over canonical {at, author, recording}.
 * Errors: `not-found`, `bad-request` (a wish of another, or about another recording).
 */
export const DeleteRecording = v.optional(
	v.nullable(v.strictObject({ wish: v.optional(Signed) })),
	null,
);

/** What a wish says. */
export const DeletionWish = v.strictObject({ recording: Id, author: Id, at: Time });
export type DeletionWish = v.InferOutput<typeof DeletionWish>;

/** How much of what was destroyed, counted in the commit that destroyed it. */
export const Destroyed = v.strictObject({
	/** Wrapped keys. */
	grants: Count,
	/** Sealed tracks, in so many objects of so many bytes. */
	tracks: Count,
	objects: Count,
	bytes: Count,
	/** Sealed words beside it. */
	annotations: Count,
	/** Sealed reasons of who opened it without being its host. */
	reasons: Count,
	/** Shares with people without an account. */
	shares: Count,
	/** Messages that waited to be sent. */
	messages: Count,
	/** Recordings that were made of it. */
	derivatives: Count,
});
export type Destroyed = v.InferOutput<typeof Destroyed>;

/** What no deletion reaches, as far as the server knows at the moment when it is asked. */
export const NotReached = v.strictObject({
	/** Members who opened it: what their browsers showed is theirs. */
	openers: Count,
	/** Copies that were taken out of the practice's keeping. */
	exports: Count,
	/** Shares that were opened by who they were for. */
	shares: Count,
	/** Devices that keep a sealed copy and have not been seen since. */
	copies: Count,
	/** Backups that were made while it was there, and not brought up to date since. */
	backups: Count,
	lastBackupAt: v.nullable(Time),
});
export type NotReached = v.InferOutput<typeof NotReached>;

/** Why a recording is gone: somebody deleted it, or the time ended that it was to be kept. */
export const DeletionAct = v.picklist(['deleted', 'kept-until-over']);
export type DeletionAct = v.InferOutput<typeof DeletionAct>;

/**
 * GET /api/recordings/:id/receipt (host or admin): of a deleted recording. `not-found` for one that is there too.
 * Ids and counts only.
 */
export const DeletionReceipt = v.strictObject({
	recording: Id,
	act: DeletionAct,
	/** Null: the server did it on time, or a restored database was told so. */
	by: v.nullable(Id),
	/** Of one whose time ended: who set that time; nobody where it was as people were told. */
	setBy: v.optional(Id),
	startedAt: Time,
	at: Time,
	/** When the database file was rewritten without it; null = that is still to come. */
	erasedAt: v.nullable(Time),
	wish: v.nullable(Signed),
	destroyed: Destroyed,
	notReached: NotReached,
});
export type DeletionReceipt = v.InferOutput<typeof DeletionReceipt>;
