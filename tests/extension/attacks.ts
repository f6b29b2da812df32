import type { CodeView } from '../../extension/shared/state.ts';
import { sha256 } from '../../scripts/integrity.js';
import { type Behaviour, type Reply, evil } from './hostile.ts';

/** What a server could do to run its own code in a page. */
export interface Attack {
	readonly name: string;
	/** What may be said of the site afterwards. */
	readonly label: CodeView['mode'];
	/** The page that is opened; `/` without. */
	readonly path?: string;
	/** The page has something called "Go on", which a person clicks. */
	readonly click?: true;
	/** What has been asked for when the attack was made; the page itself without. */
	readonly until?: string;
	readonly behave: Behaviour;
	/** It runs nothing where nothing is pinned either: the page itself names the hashes, or there is no script. */
	readonly harmless?: true;
}

/** The published app, as far as an attack wants to look like it. */
export interface Published {
	/** index.html. */
	readonly html: string;
	/** The module that the page starts with, and one that it imports only later; by path. */
	readonly entry: string;
	/** One that it imports at once. */
	readonly part: string;
	readonly later: string;
}

const js = (body: string): Reply => ({ body, type: 'text/javascript' });
const own = (body: string): string => `<!doctype html><title>Sotto</title><body>${body}</body>`;
const page =
	(html: string, more: Behaviour = () => undefined, sent: Reply['headers'] = {}): Behaviour =>
	(request, path) =>
		path === '/' ? { body: html, headers: sent } : more(request, path);
const script =
	(name: string): Behaviour =>
	(_, path) =>
		path === '/evil.js' ? js(evil(name)) : undefined;
const inline = (name: string): string => `<script>${evil(name)}</script>`;

/** Pages that are the server's own. The policy that stands in the published pages is not in them. */
function ownPages(): Attack[] {
	const classic = evil('integrity');
	const handlers = [
		`<img src="/none.png" onerror="${evil('onerror')}">`,
		`<svg onload="${evil('svg-onload')}"><script>${evil('svg-script')}</script></svg>`,
		`<body onload="${evil('body-onload')}">`,
	].join('');
	const frames = [
		`<iframe srcdoc="&lt;script>${evil('srcdoc')}&lt;/script>"></iframe>`,
		`<iframe src="javascript:${evil('javascript')}"></iframe>`,
		`<object data="/framed"></object><embed src="/framed"><iframe src="/framed"></iframe>`,
	].join('');
	return [
		{ name: 'an inline script', label: 'blocked', behave: page(own(inline('inline'))) },
		{
			name: 'an external script',
			label: 'blocked',
			behave: page(own('<script src="/evil.js"></script>'), script('external')),
		},
		{
			name: 'an external module',
			label: 'blocked',
			behave: page(own('<script type="module" src="/evil.js"></script>'), script('module')),
		},
		{
			name: 'a script with an integrity of its own',
			label: 'blocked',
			behave: page(
				own(`<script src="/evil.js" integrity="${sha256(classic)}"></script>`),
				script('integrity'),
			),
		},
		{
			name: 'an import map with the hash of another module',
			label: 'blocked',
			behave: page(
				own(
					`<script type="importmap">${JSON.stringify({ integrity: { '/evil.js': sha256(evil('map')) } })}</script><script type="module" src="/evil.js"></script>`,
				),
				script('map'),
			),
		},
		{ name: 'handlers in attributes', label: 'blocked', behave: page(own(handlers)) },
		{
			name: 'frames and embedded documents',
			label: 'blocked',
			behave: page(own(frames), (_, path) =>
				path === '/framed' ? { body: own(inline('framed')) } : undefined,
			),
		},
		{
			name: 'another base, so that relative scripts are others',
			label: 'blocked',
			behave: page('<!doctype html><base href="/evil/"><script src="app.js"></script>', (_, path) =>
				path === '/evil/app.js' ? js(evil('base')) : undefined,
			),
		},
	];
}

/** Pages that want a click, or no more than to be believed. */
function lures(): Attack[] {
	return [
		{
			name: 'a link with a script for an address',
			label: 'blocked',
			behave: page(own(`<a href="javascript:void ${evil('link')}">Go on</a>`)),
			click: true,
		},
		{
			name: 'a form that sends what is typed',
			label: 'blocked',
			behave: page(
				own(
					'<form action="/beacon?form" method="post"><input name="password"><button>Go on</button></form>',
				),
			),
			click: true,
		},
		{
			name: 'a page without any script',
			label: 'not-verified',
			behave: page(own('<h1>Type your password here</h1>')),
			harmless: true,
		},
	];
}

/** What headers and other kinds of documents can do. */
function headers(): Attack[] {
	const loose = "script-src * 'unsafe-inline' 'unsafe-eval'";
	return [
		{
			name: 'policies of its own in the headers',
			label: 'blocked',
			behave: page(own(inline('headers')), undefined, {
				'content-security-policy': [loose, "default-src * 'unsafe-inline'"],
				'content-security-policy-report-only': loose,
			}),
		},
		{
			name: 'a link header that preloads',
			label: 'blocked',
			behave: page(own('<script src="/evil.js"></script>'), script('link'), {
				link: '</evil.js>; rel=modulepreload, </evil.js>; rel=preload; as=script',
			}),
		},
		{
			name: 'a refresh to another page of the site',
			label: 'blocked',
			behave: page(own('<meta http-equiv="refresh" content="0;url=/other">'), (_, path) =>
				path === '/other' ? { body: own(inline('refresh')) } : undefined,
			),
		},
		{
			// The browser takes it for the same site: its storage and its keys are there.
			name: 'a redirect to an address of the site with a name in front',
			label: 'blocked',
			behave: (request, path) => {
				const location = `http://x@${request.headers.host}/named`;
				if (path === '/') return { body: '', status: 302, headers: { location } };
				return path === '/named' ? { body: own(inline('named')) } : undefined;
			},
		},
		{
			name: 'an XHTML document',
			label: 'blocked',
			behave: (_, path) =>
				path === '/'
					? {
							type: 'application/xhtml+xml',
							body: `<html xmlns="http://www.w3.org/1999/xhtml"><body><script>${evil('xhtml')}</script></body></html>`,
						}
					: undefined,
		},
		{
			name: 'an SVG document',
			label: 'blocked',
			behave: (_, path) =>
				path === '/'
					? {
							type: 'image/svg+xml',
							body: `<svg xmlns="http://www.w3.org/2000/svg"><script>${evil('svg')}</script></svg>`,
						}
					: undefined,
		},
	];
}

/** The published pages, with something in them changed. */
function changed({ html, entry, part, later }: Published): Attack[] {
	const meta = /<meta http-equiv="content-security-policy"[^>]*>/;
	const bare = html.replace(meta, '').replaceAll(/ integrity="[^"]*"/g, '');
	const unmapped = bare.replace(/<script type="importmap">.*?<\/script>/, '');
	const pwned =
		(at: string, name: string): Behaviour =>
		(_, path) =>
			path === at ? js(evil(name)) : undefined;
	return [
		{ name: 'a changed module', label: 'blocked', behave: pwned(entry, 'entry'), harmless: true },
		{
			name: 'a changed module, and no hash in the page',
			label: 'blocked',
			behave: page(unmapped, pwned(entry, 'unmapped')),
		},
		{ name: 'a changed part of it', label: 'blocked', behave: pwned(part, 'part'), harmless: true },
		{
			// Published code runs, and runs without it.
			name: 'a changed module that is imported later',
			label: 'pinned',
			until: later,
			behave: pwned(later, 'later'),
			harmless: true,
		},
		{
			name: 'a changed module, with its hash in the page',
			label: 'blocked',
			behave: page(
				bare.replace(
					/("\/code\/immutable\/entry\/start\.[^"]+":")[^"]+/,
					`$1${sha256(evil('hash'))}`,
				),
				pwned(entry, 'hash'),
			),
		},
		{
			name: 'another answer for scripts than for everybody else',
			label: 'blocked',
			behave: page(unmapped, (request, path) =>
				path === entry && request.headers['sec-fetch-dest'] === 'script'
					? js(evil('split'))
					: undefined,
			),
		},
	];
}

export const attacks = (published: Published): Attack[] => [
	...changed(published),
	...ownPages(),
	...lures(),
	...headers(),
];
