import * as v from 'valibot';
import { Grant } from './recordings.ts';
import { Id, Signed } from './text.ts';

/** What a page that holds the member's keys made for one capture. The recording and its grants are at the server. */
export const CaptureTicket = v.strictObject({
	recording: Id,
	tracks: v.strictObject({ audio: Id, video: Id, final: Id }),
	/** The track keys and the manifest's, wrapped for the extension alone; the server never gets it. */
	grant: Grant,
	/** The member's statement (crypto/consent/capture.ts). */
	capture: Signed,
});
export type CaptureTicket = v.InferOutput<typeof CaptureTicket>;

const common = { server: v.string(), request: Id };

/** What a page of a practice asks the paired extension, after the user wanted to capture a tab. */
export const CaptureAsk = v.variant('type', [
	/** → CaptureWanted, or CaptureRefused */
	v.strictObject({ type: v.literal('capture-wanted'), ...common }),
	/** → CaptureBegun, or CaptureRefused */
	v.strictObject({ type: v.literal('capture-begin'), ...common, ticket: CaptureTicket }),
	/** The user does not want it any more. → CaptureRefused */
	v.strictObject({ type: v.literal('capture-dropped'), ...common }),
]);
export type CaptureAsk = v.InferOutput<typeof CaptureAsk>;

/** A tab may have none. */
const Title = v.pipe(v.string(), v.maxLength(200));
/** The tab that is to be captured. */
export const CaptureWanted = v.strictObject({ practice: Id, device: Id, title: Title });
export type CaptureWanted = v.InferOutput<typeof CaptureWanted>;

export const CaptureBegun = v.strictObject({ startedAt: v.number() });
export type CaptureBegun = v.InferOutput<typeof CaptureBegun>;

/**
 * `gone`: that tab is not asked for any more. `running`: another tab is being captured. `uploading`: that is over, and on its way
 * to the server. `call`: it shows a call whose
 * recorder is not in it. `page`: the browser lets nobody capture it. `failed`: it could not begin.
 */
export const CaptureRefusal = v.picklist([
	'gone',
	'running',
	'uploading',
	'call',
	'page',
	'failed',
]);
export type CaptureRefusal = v.InferOutput<typeof CaptureRefusal>;
export const CaptureRefused = v.strictObject({ refused: CaptureRefusal });
export type CaptureRefused = v.InferOutput<typeof CaptureRefused>;
