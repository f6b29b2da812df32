import * as v from 'valibot';
import { api } from '../chrome.ts';

const Manifest = v.object({ host_permissions: v.array(v.string()) });

/**
 * The server that a message of a page speaks for; undefined when it may not. A page of a practice speaks for its
 * own origin only, and only its own frame; the app out of our package for the server that it names.
 */
export function serverOf(sender: chrome.runtime.MessageSender, named: string): string | undefined {
	if (sender.frameId !== 0 || sender.url === undefined) return undefined;
	const page = URL.parse(sender.url);
	if (!page) return undefined;
	// Not every platform gives the origin of an extension's address.
	const origin = `${page.protocol}//${page.host}`;
	if (sender.origin !== origin) return undefined;
	if (origin === globalThis.location.origin)
		return page.pathname.startsWith('/app/') && isServer(named) ? named : undefined;
	return origin === named ? named : undefined;
}

/** Whether this build of the extension may speak to a server. */
export function isServer(origin: string): boolean {
	const url = URL.parse(origin);
	if (!url || url.origin !== origin) return false;
	const { host_permissions: patterns } = v.parse(Manifest, api.runtime.getManifest());
	// A pattern without a port stands for every port.
	return patterns.some((pattern) => {
		const at = URL.parse(pattern);
		return at && at.protocol === url.protocol && at.hostname === url.hostname
			? at.port === '' || at.port === url.port
			: false;
	});
}
