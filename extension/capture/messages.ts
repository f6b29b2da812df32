import * as v from 'valibot';
import { CaptureTicket } from '#protocol/capture.ts';
import { Id } from '#protocol/text.ts';
import { CaptureProblem } from '../shared/stored.ts';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The browser's leave is missing: it goes on when that is given. */
export const CaptureWaits = v.strictObject({ asked: v.literal(true) });
/** What a page of the extension asks: captures the tab in front, for one of the practices. → Refused, Waits or {} */
export const CaptureTab = v.strictObject({ type: v.literal('capture-tab'), practice: Id });
/** The user clicked on the button: the banner can be put into a tab that crashed, or that is back. → done */
export const CaptureLook = v.strictObject({ type: v.literal('capture-look') });
/** The user has seen that it failed. → done */
export const CaptureSeen = v.strictObject({ type: v.literal('capture-seen') });
/** Ends the capture. → done */
export const CaptureStop = v.strictObject({ type: v.literal('capture-stop') });

/** What the service worker asks of the page without a window. */
export const Record = v.strictObject({
	type: v.literal('capture-record'),
	/** From `tabCapture`; good for a few seconds. */
	stream: v.string(),
	tab: Count,
	practice: Id,
	ticket: CaptureTicket,
	/** Words of the banner. */
	words: v.strictObject({
		starting: v.string(),
		recording: v.string(),
		gap: v.string(),
		full: v.string(),
		stop: v.string(),
		failed: v.string(),
		close: v.string(),
	}),
});
export type Record = v.InferOutput<typeof Record>;
/** This browser is not paired with the practice any more: what is captured for it ends at once. */
export const CaptureGone = v.strictObject({ type: v.literal('capture-gone'), recording: Id });
export type CaptureGone = v.InferOutput<typeof CaptureGone>;
/** Whether this recording is being made there. → There */
export const CaptureThere = v.strictObject({ type: v.literal('capture-there'), recording: Id });
export type CaptureThere = v.InferOutput<typeof CaptureThere>;
export const There = v.strictObject({ there: v.boolean() });
/** Brings what an earlier run left on this device of recordings of one practice to its server. → Resumed */
export const Resume = v.strictObject({
	type: v.literal('capture-resume'),
	practice: Id,
	recordings: v.array(Id),
});
export type Resume = v.InferOutput<typeof Resume>;
/** `refused`: the server does not take them from this browser. */
export const Resumed = v.strictObject({ refused: v.array(Id) });
export type Resumed = v.InferOutput<typeof Resumed>;

export const Recorded = v.union([
	v.strictObject({ startedAt: v.number() }),
	v.strictObject({ refused: v.literal('failed') }),
]);
export type Recorded = v.InferOutput<typeof Recorded>;

/** What the page without a window tells the service worker. */
export const CaptureNews = v.variant('type', [
	v.strictObject({
		type: v.literal('capture-status'),
		recording: Id,
		state: v.picklist(['recording', 'gap', 'uploading']),
		problem: v.nullable(CaptureProblem),
		behindMs: Count,
	}),
	/** The banner is to be put into the captured tab. → done */
	v.strictObject({ type: v.literal('capture-banner'), tab: Count }),
	/** It is over; what is not at the server yet stays on this device. `failed`: nobody asked it to end. */
	v.strictObject({ type: v.literal('capture-over'), recording: Id, failed: v.boolean() }),
]);
export type CaptureNews = v.InferOutput<typeof CaptureNews>;

/** Name of the port between the banner and the page without a window. While it is open the tab is there, and says so itself. */
export const bannerPort = 'capture-banner';
/** Page without a window → banner. */
export const ToBanner = v.variant('type', [
	v.strictObject({
		type: v.literal('show'),
		text: v.string(),
		gap: v.boolean(),
		stop: v.string(),
		/** What it says when the port closes and `end` was not said: the recorder is gone. */
		failed: v.string(),
		close: v.string(),
	}),
	/** → here */
	v.strictObject({ type: v.literal('there') }),
	v.strictObject({ type: v.literal('end') }),
]);
export type ToBanner = v.InferOutput<typeof ToBanner>;
/** Banner → page without a window. */
export const FromBanner = v.variant('type', [
	/** Whether what the page shows may be recorded now. */
	v.strictObject({ type: v.literal('allowed'), allowed: v.boolean() }),
	v.strictObject({ type: v.literal('stop') }),
	v.strictObject({ type: v.literal('here') }),
]);
export type FromBanner = v.InferOutput<typeof FromBanner>;
