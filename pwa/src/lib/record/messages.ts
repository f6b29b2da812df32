import * as v from 'valibot';
import { recipientsMax } from '#protocol/recordings.ts';
import { Bytes32, Count, Id, Signed, Time } from '#protocol/text.ts';

/**
 * What a page and the recorder's worker say to each other. Requests carry an `id`, and exactly one answer with that id
 * comes back: the answer named beside the request, or `failed`. The rest are announcements. Frames never come this way,
 * see port.ts.
 */
const RequestId = v.pipe(v.number(), v.safeInteger());
const Raw = v.instance(Uint8Array<ArrayBuffer>);
const Key = v.instance(CryptoKey);
const SigningKey = v.strictObject({ publicKey: Raw, privateKey: Key });
const PublicIdentity = v.strictObject({ ed25519: Raw, x25519: Raw, xwing: v.optional(Raw) });

/** Where recordings are stored, and the token to begin with; newer ones come by `token`. */
const Server = v.strictObject({ origin: v.pipe(v.string(), v.url()), token: v.string() });

/** A state of the recording as everybody is told (RFC 7866 awareness). */
export const Awareness = v.picklist(['off', 'on', 'paused']);
export type Awareness = v.InferOutput<typeof Awareness>;

/** Page → worker. */
export const RecorderRequest = v.variant('type', [
	/** Once per worker and call: makes the recorder's signing key and its store of key packages. → opened */
	v.strictObject({ type: v.literal('open'), id: RequestId, session: Id, hostKey: Raw }),
	/** Fresh public key packages; the private halves stay here. → packages */
	v.strictObject({ type: v.literal('packages'), id: RequestId, count: Count }),
	/** An epoch with the recorder in it; from its keys on, frames can be opened. → epoch */
	v.strictObject({
		type: v.literal('welcome'),
		id: RequestId,
		generation: Count,
		welcome: Raw,
	}),
	/** An epoch without the recorder is in force: every key is forgotten at once. → done */
	v.strictObject({ type: v.literal('left'), id: RequestId, generation: Count }),
	/** Receipts that came while the recorder is out: a withdrawal stands in the manifest, as it ended the recording. → done */
	v.strictObject({
		type: v.literal('receipts'),
		id: RequestId,
		receipts: v.pipe(v.array(Signed), v.maxLength(16)),
	}),
	/** The end of a MessageChannel whose other end the media worker holds; transfer it. → done */
	v.strictObject({ type: v.literal('port'), id: RequestId, port: v.instance(MessagePort) }),
	/**
	 * Starts to record whoever is in the newest epoch: makes track keys, wraps them, stores the grants at the server, then
	 * opens the first frame. `welcome` must have come before. → started
	 */
	v.strictObject({
		type: v.literal('start'),
		id: RequestId,
		recording: Id,
		server: Server,
		/** Who signs the grants: the host with her key from the member list. */
		grantor: v.strictObject({ id: Id, signing: SigningKey }),
		/** Who can open from the start: the host, "Practice records key"... */
		recipients: v.pipe(
			v.array(v.strictObject({ id: Id, publicIdentity: PublicIdentity })),
			v.minLength(1),
			v.maxLength(recipientsMax),
		),
		/** Shown in the list of recordings; sealed inside the manifest. */
		title: v.string(),
	}),
	/** No more frames: seals what there is and closes all parts; waits up to 2 s for the mark `end`. Uploads go on. → ended */
	v.strictObject({ type: v.literal('end'), id: RequestId }),
	/** After `ended`: uploads the rest, joins, seals, reads back, then has the live parts deleted. → finished; progress */
	v.strictObject({ type: v.literal('finish'), id: RequestId }),
	/**
	 * The same for a recording that ended unexpectedly, from what the server has (and what this device still has to
	 * upload), on any device with a grant. `keys` as in the grant, imported by `importTrackKey`. → finished; progress
	 */
	v.strictObject({
		type: v.literal('recover'),
		id: RequestId,
		recording: Id,
		server: Server,
		keys: v.array(v.strictObject({ track: Id, key: Key })),
		/** Who recovers: she signs the new manifest. */
		signing: SigningKey,
	}),
	/** Gives up `finish`, `recover` or `resume`; that request fails with `cancelled`. Nothing that was stored is lost. */
	v.strictObject({ type: v.literal('cancel'), request: RequestId }),
	/** Recordings of which this device still has bytes (not those that are being made right now). → leftovers */
	v.strictObject({ type: v.literal('leftovers'), id: RequestId }),
	/** Uploads what this device still has of a recording; no key is needed. → done; progress */
	v.strictObject({ type: v.literal('resume'), id: RequestId, recording: Id, server: Server }),
	/** Removes everything that this device has of a recording: after a tombstone. → done */
	v.strictObject({ type: v.literal('forget'), id: RequestId, recording: Id }),
	/** A fresh token: the answer to `token-needed`, or before the old one ends. */
	v.strictObject({ type: v.literal('token'), token: v.string() }),
	/** The network is back: try again at once. */
	v.strictObject({ type: v.literal('online') }),
]);
export type RecorderRequest = v.InferOutput<typeof RecorderRequest>;

/** What `finish` and `recover` work on now. `done` and `total` are bytes. */
export const Progress = v.strictObject({
	type: v.literal('progress'),
	request: RequestId,
	phase: v.picklist(['upload', 'join', 'verify', 'manifest']),
	done: Count,
	total: Count,
});
export type Progress = v.InferOutput<typeof Progress>;

/** A stretch without media, in milliseconds from the start of the recording. `to` null: until its end. */
export const Missing = v.strictObject({
	from: Count,
	to: v.nullable(Count),
	/** Number of the person, or null for all. */
	person: v.nullable(Count),
	/**
	 * overflow: this device was too slow. lost: items or frames did not arrive or did not open. codec: the sender changed to
	 * a codec that cannot follow. stopped: the recorder's device stopped. shortened: bytes that were signed for are gone. altered:
	 * bytes were changed. tab: the captured tab had crashed, or showed what may not be captured.
	 */
	why: v.picklist(['overflow', 'lost', 'codec', 'stopped', 'shortened', 'altered', 'tab']),
});
export type Missing = v.InferOutput<typeof Missing>;

/** Every second while recording and after each change. */
export const Status = v.strictObject({
	type: v.literal('status'),
	state: Awareness,
	/** Newest generation whose keys the recorder holds; 0 = it holds none. */
	generation: Count,
	/** Time that was recorded, pauses not counted. */
	elapsedMs: Count,
	/** Sealed bytes on this device's disk, and how many of them the server has. */
	bytesStored: Count,
	bytesAcked: Count,
	gaps: Count,
	/** Free bytes as the browser estimates, or null. */
	freeBytes: v.nullable(Count),
});
export type Status = v.InferOutput<typeof Status>;

/**
 * Something to tell the person; it went on recording unless it says so.
 * offline: nothing could be uploaded for 10 s. quota-low: disk nearly full; uploaded parts are dropped here. quota-full:
 * the disk refused; what could not be written is a gap. storage-full: the server refuses for lack of room.
 * upload-refused: the server has other bytes or deleted the recording. no-media: nobody's frames came for 10 s.
 */
export const Problem = v.picklist([
	'offline',
	'quota-low',
	'quota-full',
	'storage-full',
	'upload-refused',
	'no-media',
]);
export type Problem = v.InferOutput<typeof Problem>;

/** Worker → page. */
export const RecorderAnswer = v.variant('type', [
	v.strictObject({ type: v.literal('opened'), id: RequestId, key: Raw }),
	v.strictObject({ type: v.literal('packages'), id: RequestId, packages: v.array(Raw) }),
	/** `roster` = keys of all members of the epoch as the recorder sees it; compare it. */
	v.strictObject({
		type: v.literal('epoch'),
		id: RequestId,
		generation: Count,
		roster: v.array(Bytes32),
	}),
	v.strictObject({ type: v.literal('started'), id: RequestId, at: Time }),
	v.strictObject({ type: v.literal('ended'), id: RequestId, bytes: Count, elapsedMs: Count }),
	v.strictObject({
		type: v.literal('finished'),
		id: RequestId,
		verdict: v.picklist(['complete', 'ends-early', 'altered']),
		missing: v.array(Missing),
		durationMs: Count,
	}),
	v.strictObject({
		type: v.literal('leftovers'),
		id: RequestId,
		recordings: v.array(v.strictObject({ recording: Id, bytes: Count })),
	}),
	v.strictObject({ type: v.literal('done'), id: RequestId }),
	/**
	 * `code`: a code of crypto/errors.ts or protocol/errors.ts, `cancelled`, `offline`, `not-open` (a request came too early),
	 * `in-use` (another tab has this recording), `nothing-recorded`. `reason` as in an `epoch-refused`.
	 */
	v.strictObject({
		type: v.literal('failed'),
		id: RequestId,
		code: v.string(),
		reason: v.nullable(v.string()),
	}),
	Progress,
	Status,
	v.strictObject({ type: v.literal('problem'), problem: Problem, on: v.boolean() }),
	/** The server said that the token is over: answer with `token`. */
	v.strictObject({ type: v.literal('token-needed') }),
]);
export type RecorderAnswer = v.InferOutput<typeof RecorderAnswer>;
