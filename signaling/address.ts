import type { IncomingMessage } from 'node:http';

/**
 * The address that a connection comes from. `x-forwarded-for` counts only when the operator said how
 * many proxies of her own stand in front: each of them adds one entry at the end.
 */
export function addressOf(request: IncomingMessage, proxies: number): string {
	const own = request.socket.remoteAddress ?? '';
	if (proxies === 0) return own;
	const forwarded = request.headers['x-forwarded-for'];
	const entries = (Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '')).split(',');
	return entries.at(-proxies)?.trim() || own;
}
