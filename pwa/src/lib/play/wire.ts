import * as v from 'valibot';
import { Id, Count } from '#protocol/text.ts';

/** Between the player's page and the service worker. Both are ours, but what arrives is parsed all the same. */

/** Address that a media element loads: the service worker answers it, the server knows nothing of it. */
export function mediaPath(media: { recording: string; track: string }): string {
	return `/media/${media.recording}/${media.track}`;
}

/**
 * Header of a request for bytes that nobody plays: for the waveform, for single pictures. It fails where a media element
 * would wait, and the player hears nothing of it.
 */
export const readerHeader = 'x-sotto-read';

/** What a media address names, or undefined for any other address. */
export function parseMediaPath(path: string): { recording: string; track: string } | undefined {
	const [root, folder, recording, track, ...more] = path.split('/');
	if (root !== '' || folder !== 'media' || more.length > 0) return undefined;
	return v.is(Id, recording) && v.is(Id, track) ? { recording, track } : undefined;
}

/** Worker → page, with a port for the answer: it holds no key for this (it was stopped, or never had one). */
export const NeedKey = v.strictObject({ type: v.literal('need-key'), recording: Id, track: Id });
export type NeedKey = v.InferOutput<typeof NeedKey>;

/** Page → worker through the port. The key is not extractable. `null`: this page has no key for it. */
export const GiveKey = v.nullable(
	v.strictObject({
		key: v.instance(CryptoKey),
		/** Address of the sealed object. */
		url: v.pipe(v.string(), v.url()),
		token: v.string(),
		/** Folder of this device in which a copy lies; then the address is not asked. */
		kept: v.exactOptional(v.string()),
		part: Count,
		/** Length of the sealed object. */
		partBytes: Count,
	}),
);
export type GiveKey = NonNullable<v.InferOutput<typeof GiveKey>>;

/** Why a range could not be given: bytes are not as sealed, deleted on the server, no connection, no key. */
export const Trouble = v.picklist(['altered', 'gone', 'unreachable', 'no-key']);
export type Trouble = v.InferOutput<typeof Trouble>;

/** Worker → page: an address gives nothing at all. */
export const MediaTrouble = v.strictObject({
	type: v.literal('media-trouble'),
	recording: Id,
	track: Id,
	trouble: Trouble,
});
export type MediaTrouble = v.InferOutput<typeof MediaTrouble>;

/**
 * Worker → page: an answer has come to bytes that are not as sealed and waits there, or that answer is over. `worker`
 * is another for each life of the worker: what an earlier one held is over too.
 */
export const MediaHeld = v.strictObject({
	type: v.literal('media-held'),
	recording: Id,
	track: Id,
	held: v.boolean(),
	worker: Id,
});
export type MediaHeld = v.InferOutput<typeof MediaHeld>;

export const FromWorker = v.variant('type', [NeedKey, MediaTrouble, MediaHeld]);

/** Page → worker. */
export const ToWorker = v.variant('type', [
	/** The device was locked: drop the keys of every page. */
	v.strictObject({ type: v.literal('forget-all-media') }),
	/** The player was left: drop the keys of this page. */
	v.strictObject({ type: v.literal('forget-media') }),
	/** A media element for this will come: ask for the key and read the first bytes now. */
	v.strictObject({ type: v.literal('prepare-media'), recording: Id, track: Id }),
	/** Take over this page, which was loaded without the worker. */
	v.strictObject({ type: v.literal('claim') }),
]);
export type ToWorker = v.InferOutput<typeof ToWorker>;
