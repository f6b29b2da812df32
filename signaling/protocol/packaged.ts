import * as v from 'valibot';
import { line } from './text.ts';

/** A path of the app with its query, without an origin. */
const Path = v.pipe(v.string(), v.maxLength(300), v.regex(/^\/(?![/\\])[^#\s]*$/));

/**
 * A screen that a page of a server may open. No call: there the camera is on and people are let in, so it takes a click
 * of the user in this app or the extension. No query, for with one a screen may lead on; and plain words only, so that
 * no address is read as another.
 */
const Screen = v.pipe(
	v.string(),
	v.maxLength(300),
	v.regex(/^\/(?!(?:call|j)(?:\/|$))(?:[\w-]+(?:\/[\w-]+)*)?$/),
);

/**
 * What a page of a practice says to the browser extension about the app that it carries, by
 * `runtime.sendMessage` with the extension's id. A page speaks for its own server only. It can lead there, and
 * never back: a server must not talk anybody out of it.
 */
export const AppAsk = v.variant('type', [
	/** → AppState */
	v.strictObject({ type: v.literal('app-state'), server: line(255) }),
	/** Opens the packaged app at this server; from then on everything of it opens there. → AppState */
	v.strictObject({
		type: v.literal('app-open'),
		server: line(255),
		path: Screen,
	}),
]);
export type AppAsk = v.InferOutput<typeof AppAsk>;

export const AppState = v.strictObject({
	/** Whether this browser opens the practice in the packaged app. */
	chosen: v.boolean(),
});
export type AppState = v.InferOutput<typeof AppState>;

/** Service worker → page out of the package, with a port for AppWent: go to a path, if you belong to this server. */
export const AppGoto = v.strictObject({
	type: v.literal('app-goto'),
	server: v.string(),
	path: Path,
});
export type AppGoto = v.InferOutput<typeof AppGoto>;

/** What the page did about it, and its tab: two of them may be at one address. */
export const AppWent = v.strictObject({
	answer: v.picklist(['here', 'going', 'busy']),
	/** undefined when the browser does not say. */
	tab: v.optional(v.number()),
});
export type AppWent = v.InferOutput<typeof AppWent>;

/** Page out of the package → service worker: somebody signed in here, at this server. */
export const AppUsed = v.strictObject({ type: v.literal('app-used'), server: line(255) });
export type AppUsed = v.InferOutput<typeof AppUsed>;
