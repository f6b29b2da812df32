import * as v from 'valibot';
import { workHere } from './busy.ts';

/**
 * What this page does about a path that the browser extension asks for. `here`: that call runs in this very
 * tab. `going`: it goes there, without being loaded again. `busy`: another tab has to.
 */
export type Answer = 'here' | 'going' | 'busy';

const Asked = v.strictObject({
	type: v.literal('sotto-goto'),
	path: v.pipe(v.string(), v.maxLength(200), v.regex(/^\/(?:$|(?:call|sessions)\/[\w-]+(?:\?|$))/)),
});

/** Pages that lose nothing when they are left. Links of participants, forms and players are none of them. */
const calm: ReadonlySet<string> = new Set([
	'/',
	'/schedule',
	'/sessions/[id]',
	'/recordings',
	'/practice/history',
	'/practice/outbox',
	'/practice/people',
	'/practice/storage',
	'/practice/extension',
]);

/** Decides it; `route` and `pathname` are those of the page, `working` whether a call or a recording runs in it. */
export function answerTo(
	path: string,
	page: { route: string | null; pathname: string; working: boolean; asking: boolean },
): Answer {
	const { route, pathname, working, asking } = page;
	if (working) return path.split('?')[0] === pathname ? 'here' : 'busy';
	return route !== null && calm.has(route) && !asking ? 'going' : 'busy';
}

let atHome: ((query: URLSearchParams) => void) | undefined;

/** Says what the page of a call does with a path that leads to itself, until the answer is called. */
export function hearAtHome(listener: (query: URLSearchParams) => void): () => void {
	atHome = listener;
	return () => {
		if (atHome === listener) atHome = undefined;
	};
}

/** Answers the extension's content script in this page until the answer is called. */
export function answerGoto(options: {
	/** Where this page is. */
	where: () => { route: string | null; pathname: string };
	go: (path: string) => void;
}): () => void {
	const hear = (event: MessageEvent<unknown>): void => {
		const [port] = event.ports;
		if (event.source !== window || !port) return;
		const asked = v.safeParse(Asked, event.data);
		if (!asked.success) return;
		const { path } = asked.output;
		const answer = answerTo(path, {
			...options.where(),
			working: workHere() !== undefined,
			asking: document.querySelector('dialog[open], [role="dialog"]') !== null,
		});
		port.postMessage(answer);
		if (answer === 'going') options.go(path);
		if (answer === 'here') atHome?.(new URL(path, location.origin).searchParams);
	};
	window.addEventListener('message', hear);
	return () => window.removeEventListener('message', hear);
}
