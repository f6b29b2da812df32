import * as v from 'valibot';
import { Code } from './stored.ts';

/** What the content script says of the page that it is in. */
export const CodeWord = v.variant('type', [
	v.strictObject({
		type: v.literal('code-document'),
		/** Its address, without what follows "#". */
		url: v.string(),
		/** When its navigation began, milliseconds since 1970. */
		began: v.number(),
		/** A service worker of the site had a hand in it. */
		worker: v.boolean(),
	}),
	v.strictObject({ type: v.literal('code-started') }),
	v.strictObject({ type: v.literal('code-refused') }),
]);
export type CodeWord = v.InferOutput<typeof CodeWord>;

/** What the settings ask about the code of a site. */
export const CodeAsk = v.variant('type', [
	/** Whether this package can pin, and what is known of the site. Answered with CodeState. */
	v.strictObject({ type: v.literal('code-state'), origin: v.string() }),
	v.strictObject({ type: v.literal('code-pin'), origin: v.string() }),
	v.strictObject({ type: v.literal('code-unpin'), origin: v.string() }),
	/** Looks for a newer release now. */
	v.strictObject({ type: v.literal('code-check'), origin: v.string() }),
]);
export type CodeAsk = v.InferOutput<typeof CodeAsk>;

export const CodeState = v.object({
	/** This package has the key of releases, and this browser has what it takes. */
	possible: v.boolean(),
	/** The browser lets the extension pin; it may be asked for, or was taken back. */
	allowed: v.boolean(),
	pinned: v.boolean(),
	problem: v.nullable(v.picklist(['unreachable', 'unsigned', 'rollback'])),
	/** What popup and settings say of it. */
	view: Code,
});
export type CodeState = v.InferOutput<typeof CodeState>;

/** The permissions that pinning takes beside those of every day, asked for when it is switched on. */
export const pinPermissions = ['browsingData', 'webRequest'] as const;
