import * as v from 'valibot';
import { Annotation } from './annotations.ts';
import { limits } from './limits.ts';
import { Bytes32, Count, Id, Signature, Signed, Time, bytes } from './text.ts';

/** What a track holds. `final` is the joined audio and video of one person; `manifest` is the recording's own sealed text. */
export const TrackKind = v.picklist(['audio', 'video', 'final', 'manifest']);
export type TrackKind = v.InferOutput<typeof TrackKind>;

/** `person` is a number within the recording; who that is stands in the sealed manifest. -1 for the manifest. */
export const NewTrack = v.strictObject({
	id: Id,
	kind: TrackKind,
	person: v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(63)),
});
export type NewTrack = v.InferOutput<typeof NewTrack>;

/** The track keys wrapped for one recipient (RFC 9180), as crypto/grant writes it. */
export const Grant = v.strictObject({
	id: Id,
	recording: Id,
	/** A member's id, or the practice's id for "Practice records key". */
	recipient: Id,
	recipientKey: Bytes32,
	grantor: Id,
	expiresAt: v.nullable(Time),
	enc: bytes(2048),
	ciphertext: bytes(8192),
	/** The signed head of the history as the grantor was shown it. */
	head: v.exactOptional(v.pipe(v.string(), v.maxLength(1024))),
	signature: Signature,
});
export type Grant = v.InferOutput<typeof Grant>;
/** So many members and the practice can open one recording from its start. */
export const recipientsMax = 64;
const Grants = v.pipe(v.array(Grant), v.minLength(1), v.maxLength(recipientsMax));
const Tracks = v.pipe(v.array(NewTrack), v.minLength(1), v.maxLength(limits.tracksPerRecording));

/** What was recorded: a call, or a tab of a browser that an extension captured. */
export const RecordingSource = v.picklist(['call', 'tab']);
export type RecordingSource = v.InferOutput<typeof RecordingSource>;

/**
 * POST /api/recordings (staff; for a call, host of the session): before any byte of media. 201; repeating it with
 * the same content is 200. A captured tab belongs to no session; `uploader` is the presence device of the asking
 * member that brings its bytes. Errors also: `forbidden` (the practice does not record, or that device is not hers).
 */
export const NewRecording = v.pipe(
	v.strictObject({
		id: Id,
		source: v.optional(RecordingSource, 'call'),
		session: v.nullable(Id),
		uploader: v.optional(v.nullable(Id), null),
		/** Ed25519 key of the recorder. */
		recorderKey: Bytes32,
		tracks: Tracks,
		grants: Grants,
	}),
	v.check(({ source, session }) => (source === 'tab') === (session === null)),
	v.check(({ source, uploader }) => (source === 'tab') === (uploader !== null)),
);
export type NewRecording = v.InferInput<typeof NewRecording>;

/** POST /api/recordings/:id/tracks: tracks of somebody who came late, with the grants for them, before their first chunk. */
export const MoreTracks = v.strictObject({ tracks: Tracks, grants: Grants });

/**
 * PUT /api/recordings/:id/objects/:track/:part/:chunk, body application/octet-stream, at most `limits.chunkBytes`.
 * 201 stored (on disk), 200 when the same bytes were stored before.
 * Errors: `chunk-order` with `next`, `chunk-differs`, `gone` (deleted or finished), `storage-full`, `not-found`.
 */
export const ChunkPath = v.strictObject({ id: Id, track: Id, part: Count, chunk: Count });

/** One append-only byte string of one track. */
export const StoredObject = v.strictObject({
	track: Id,
	part: Count,
	chunks: Count,
	bytes: Count,
	/** Bytes of each chunk, in order; so a reader of a live part finds its segments. Empty for `final`. */
	sizes: v.array(Count),
});
export type StoredObject = v.InferOutput<typeof StoredObject>;

/** live: being recorded or ended without being finished. */
export const RecordingState = v.picklist(['live', 'finished', 'deleted']);

export const DeletionRequest = v.strictObject({ at: Time, place: Id, request: Signed });

/** A row of GET /api/recordings?from=&to= (staff). */
export const RecordingRow = v.strictObject({
	id: Id,
	source: RecordingSource,
	/** Null for a captured tab. */
	session: v.nullable(Id),
	host: Id,
	recorderKey: Bytes32,
	state: RecordingState,
	startedAt: Time,
	/** Last time that the recorder said that it is alive. */
	lastSeenAt: Time,
	/** Whether the recorder's browser is connected right now. */
	recording: v.boolean(),
	finishedAt: v.nullable(Time),
	bytes: Count,
	/** Grants that the asking member can open, her own and those of "Practice records key" when she is an admin. */
	grants: v.array(Grant),
	/** Everybody who has a grant in force, by id. */
	recipients: v.array(Id),
	deletionRequests: v.array(DeletionRequest),
	/** The newest annotation of this kind, for lists; null where nobody wrote one. */
	summary: v.nullable(Annotation),
});
export type RecordingRow = v.InferOutput<typeof RecordingRow>;
export const RecordingList = v.strictObject({ recordings: v.array(RecordingRow) });

/**
 * GET /api/recordings/:id (staff who has a grant; its uploader, who gets it without grants and only until it is
 * finished). Errors: `gone` (tombstone; for the uploader also: finished), `not-found`.
 */
export const Recording = v.strictObject({
	...RecordingRow.entries,
	/** Who hosted it when it was recorded. */
	madeBy: Id,
	/** The act `handed-over` as an admin signed it (acts.ts); null while its host is who made it. */
	handover: v.nullable(Signed),
	tracks: v.array(NewTrack),
	objects: v.array(StoredObject),
	checkpoints: v.array(Signed),
});
export type Recording = v.InferOutput<typeof Recording>;

/** GET /api/recordings/:id/objects/:track/:part, `Range: bytes=a-b` → 206 with at most 4 MiB, as octet-stream. */
export const rangeBytesMax = 4 * 1024 * 1024;

/** POST /api/recordings/:id/checkpoints: signed by the recorder in context `sotto/checkpoint/v1`. 204. */
export const NewCheckpoint = Signed;

/** POST /api/recordings/:id/alive (the recorder, every second while it records). 204. */

/** POST /api/recordings/:id/finish: the final objects are complete and were read back; `remove` are the live tracks. 204. */
export const FinishRecording = v.strictObject({
	recovered: v.boolean(),
	keep: v.array(v.strictObject({ track: Id, part: Count, chunks: Count, bytes: Count })),
	remove: v.array(Id),
});
export type FinishRecording = v.InferOutput<typeof FinishRecording>;

/**
 * POST /api/recordings/:id/grants (host; supervisors and admins who can open it): one more member can open a
 * finished recording. 204. Errors: `conflict` (she can already, or it is not finished), `bad-request` (no
 * active member, or it is not the asking member's grant), `forbidden`. `replaces` are all grants in force that
 * she has, for keys that were replaced: they go in the same moment.
 */
export const NewGrant = v.strictObject({
	grant: Grant,
	/** What the grantor signed of it (acts.ts), about the recipient. */
	signed: v.optional(Signed),
	replaces: v.optional(v.pipe(v.array(Id), v.maxLength(limits.tracksPerRecording)), []),
});

/**
 * GET /api/people/:id/grants?after=: grants in force of this member for finished recordings that the asking
 * member may let others open, in the order of recordings; a page begins after the recording `after`.
 */
export const MemberGrants = v.strictObject({ grants: v.array(Grant), more: v.boolean() });
export type MemberGrants = v.InferOutput<typeof MemberGrants>;

/** GET /api/tombstones: ids that every device must forget. */
export const Tombstones = v.strictObject({
	tombstones: v.array(v.strictObject({ recording: Id, at: Time })),
});
