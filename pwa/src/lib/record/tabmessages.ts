import * as v from 'valibot';
import { Count, Id, Signed } from '#protocol/text.ts';
import { Missing, Problem } from './messages.ts';

const Raw = v.instance(Uint8Array<ArrayBuffer>);
const Key = v.instance(CryptoKey);
const Server = v.strictObject({ origin: v.pipe(v.string(), v.url()), token: v.string() });

const Ticket = v.strictObject({
	recording: Id,
	practice: v.string(),
	title: v.string(),
	purpose: v.string(),
	capture: Signed,
	tracks: v.strictObject({ person: Count, audio: Id, video: Id, final: Id, key: Key }),
	manifestKey: Key,
	signing: v.strictObject({ publicKey: Raw, privateKey: Key }),
});

/** Page → worker that records a captured tab. One recording a worker. */
export const TabRequest = v.variant('type', [
	/** The streams are those of MediaStreamTrackProcessor; null where the tab has no such track. → started, or failed */
	v.strictObject({
		type: v.literal('start'),
		ticket: Ticket,
		server: Server,
		video: v.nullable(v.instance(ReadableStream<VideoFrame>)),
		audio: v.nullable(v.instance(ReadableStream<AudioData>)),
	}),
	/** Nothing is recorded until `release`. */
	v.strictObject({ type: v.literal('hold') }),
	v.strictObject({ type: v.literal('release') }),
	/** Seals the rest, uploads it, joins, reads back. → finished, or failed */
	v.strictObject({ type: v.literal('end') }),
	v.strictObject({ type: v.literal('token'), token: v.string() }),
	v.strictObject({ type: v.literal('online') }),
]);
export type TabRequest = v.InferOutput<typeof TabRequest>;

/** Worker → page. */
export const TabAnswer = v.variant('type', [
	v.strictObject({ type: v.literal('started'), at: Count }),
	/** Every second. `behindMs`: how long the oldest bytes that the server does not have have waited. */
	v.strictObject({
		type: v.literal('status'),
		state: v.picklist(['recording', 'gap', 'uploading']),
		problems: v.array(Problem),
		/** Nothing more can be kept: what comes is lost. */
		full: v.boolean(),
		behindMs: Count,
		frames: Count,
	}),
	v.strictObject({
		type: v.literal('finished'),
		verdict: v.picklist(['complete', 'ends-early', 'altered']),
		missing: v.array(Missing),
		durationMs: Count,
	}),
	/** What was sealed stays on this device until it is at the server. */
	v.strictObject({ type: v.literal('failed'), code: v.string() }),
	v.strictObject({ type: v.literal('token-needed') }),
]);
export type TabAnswer = v.InferOutput<typeof TabAnswer>;
