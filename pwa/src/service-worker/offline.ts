import { version } from '$app/env';
import { assets, immutable, prerendered } from '$app/manifest';
import { self } from '$app/service-worker';

const prefix = 'app-';
const cacheName = `${prefix}${version}`;
const fallback = '/200.html';
const paths = [...immutable, ...assets, ...prerendered].map(
	({ path }) => new URL(path, location.origin).pathname,
);
const precached = new Set([...paths, fallback]);
const code = /^\/code\/immutable\//;

/** Stores this version whole, so that it starts without a network. */
export async function install(): Promise<void> {
	const cache = await caches.open(cacheName);
	await cache.addAll(Array.from(precached, (path) => new Request(path, { cache: 'reload' })));
}

/** Forgets old versions but the last one: a tab that still runs it asks for its parts. */
export async function activate(): Promise<void> {
	const old = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
	for (const name of old.slice(0, -1)) await caches.delete(name);
	await self.clients.claim();
}

/** The cached page or part that answers this request; `undefined` leaves it to the network. */
export function fromCache(request: Request): Promise<Response> | undefined {
	const { origin, pathname } = new URL(request.url);
	if (request.method !== 'GET' || origin !== location.origin) return undefined;
	if (precached.has(pathname)) return cached(pathname, request);
	if (code.test(pathname)) return older(request);
	if (request.mode === 'navigate') return cached(fallback, request);
	return undefined;
}

async function cached(path: string, request: Request): Promise<Response> {
	const cache = await caches.open(cacheName);
	return (await cache.match(path)) ?? fetch(request);
}

async function older(request: Request): Promise<Response> {
	return (await caches.match(request)) ?? fetch(request);
}
