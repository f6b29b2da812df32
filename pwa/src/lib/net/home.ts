/**
 * Which server this page belongs to. The web app belongs to the one that it came from; the app out of the
 * extension's package to one of those that the package was built for.
 */

/** Whether all code of this page came out of the extension's package, and none from a server. */
export const packaged = location.protocol === 'chrome-extension:';

/** Where the choice is kept, in this tab and for the next one. */
const keptAs = 'server';

/** Servers that this package may speak to; the port `*` stands for any. */
export const servers: readonly string[] = packaged
	? (document.querySelector<HTMLMetaElement>('meta[name="servers"]')?.content ?? '').split(' ')
	: [];

/** The only server there can be; undefined where it has to be chosen. */
const only = servers.length === 1 && !servers[0]?.endsWith(':*') ? servers[0] : undefined;

/** Whether somebody may choose, and change, the server. */
export const hasChoice = packaged && only === undefined;

/** The origin that `text`, an address somebody typed or a link, belongs to; undefined when this package may not speak to it. */
export function allowedServer(text: string): string | undefined {
	const url = URL.parse(text.includes('://') ? text : `https://${text}`);
	if (!url) return undefined;
	const anyPort = `${url.protocol}//${url.hostname}:*`;
	return servers.includes(url.origin) || servers.includes(anyPort) ? url.origin : undefined;
}

/** Keeps the choice for this tab and the next ones; it holds from the next page on. */
export function chooseServer(origin: string): void {
	sessionStorage.setItem(keptAs, origin);
	localStorage.setItem(keptAs, origin);
}

/** Takes back the choice. */
export function forgetServer(): void {
	sessionStorage.removeItem(keptAs);
	localStorage.removeItem(keptAs);
}

/**
 * What the extension asks for when it opens the one file of the package: `?server=` and the `path` of a screen, which
 * takes the place of the file's own address. No other site can open it.
 */
function takeAsked(): void {
	const url = new URL(location.href);
	const server = url.searchParams.get('server');
	const path = url.searchParams.get('path') ?? '/';
	const allowed = server === null ? undefined : allowedServer(server);
	// For this tab alone: a page of one practice does not decide where the next start leads.
	if (hasChoice && allowed !== undefined) sessionStorage.setItem(keptAs, allowed);
	const [folder, file] = url.pathname.split(/\/(?=[^/]*$)/);
	if (file !== 'index.html' || !/^\/(?![/\\])/.test(path)) return;
	history.replaceState(history.state, '', `${folder}${path}${url.hash}`);
}

function find(): string | undefined {
	if (!packaged) return location.origin;
	takeAsked();
	if (only !== undefined) return only;
	const kept = sessionStorage.getItem(keptAs) ?? localStorage.getItem(keptAs);
	const allowed = kept === null ? undefined : allowedServer(kept);
	// Another tab may choose another server: this one stays with its own.
	if (allowed !== undefined) sessionStorage.setItem(keptAs, allowed);
	return allowed;
}

/** Origin of the server; undefined while nobody has chosen one. */
export const server: string | undefined = find();

/**
 * A name for something that this browser keeps for this server, and for no other: the origin of a package is that of
 * all servers which it was built for, or will be.
 */
export const nameHere = (name: string): string =>
	packaged && server !== undefined ? `${name} ${server}` : name;
