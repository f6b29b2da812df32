import * as v from 'valibot';

/**
 * What the media worker sends over the MessagePort, in order, in batches of about 200 ms: frames as they crossed the
 * network, still sealed (RFC 9605), and marks between them. `seq` counts items of both kinds, from 0, without a hole;
 * a hole is recorded as a gap.
 */
const Seq = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** One sealed frame. Who sent it is said by its key (KID), not by `src`. */
export const PortFrame = v.strictObject({
	type: v.literal('frame'),
	seq: Seq,
	kind: v.picklist(['audio', 'video']),
	/** One RTP stream with its own clock: the id of a peer connection's receiver, or of the sender that is copied. */
	src: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
	/** `rtpTimestamp` of the frame's metadata, u32. */
	rtp: v.pipe(v.number(), v.safeInteger()),
	/** When it was received or, for own frames, entered the transform: `performance.timeOrigin` + time, ms since 1970. */
	ref: v.number(),
	/** Whether a decoder can start here; true for all audio. */
	key: v.boolean(),
	/** As in the frame's metadata, for example `video/VP9`. */
	mime: v.pipe(v.string(), v.maxLength(64)),
	/** 0 where it is not known (audio, and delta frames at the receiver). */
	width: Seq,
	height: Seq,
	/** The sealed frame; transfer it. */
	bytes: v.instance(ArrayBuffer),
});
export type PortFrame = v.InferOutput<typeof PortFrame>;

/**
 * pause: what comes after it is not opened, until `resume`; the keys are forgotten at `left` (messages.ts). switch: the
 * stream `src` ends (another sender was chosen). gap: items before it were dropped by the sender's bounded
 * queue. end: the last item of all.
 */
export const PortMark = v.strictObject({
	type: v.literal('mark'),
	seq: Seq,
	mark: v.picklist(['pause', 'resume', 'switch', 'gap', 'end']),
	/** For `switch`, and for `gap` where it is known; else null. */
	src: v.nullable(v.string()),
	/** As `ref` of a frame. */
	at: v.number(),
});
export type PortMark = v.InferOutput<typeof PortMark>;

/** Media worker → recorder. */
export const PortBatch = v.strictObject({
	type: v.literal('batch'),
	items: v.array(v.variant('type', [PortFrame, PortMark])),
});
export type PortBatch = v.InferOutput<typeof PortBatch>;

/**
 * Recorder → media worker. `taken`: all items up to `seq` were handled; the media worker sends on only while less than
 * `queueItemsMax` are not taken, and marks a gap for what it drops. `key-frame`: ask for a key frame of this stream
 * (at its start, after a gap, and every 8 s).
 */
export const PortAnswer = v.variant('type', [
	v.strictObject({ type: v.literal('taken'), seq: Seq }),
	v.strictObject({ type: v.literal('key-frame'), src: v.string() }),
]);
export type PortAnswer = v.InferOutput<typeof PortAnswer>;

/** Items on their way to the recorder and not yet taken: about 10 s of a call of three. */
export const queueItemsMax = 2048;
