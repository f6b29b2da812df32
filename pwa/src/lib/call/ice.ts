import { fetchJson } from '#lib/net/api.ts';
import { IceConfig } from '#protocol/account.ts';

/** Address hiding is chosen per browser. */
const relayOnlyName = 'sotto-relay-only';

export const hidesAddress = (): boolean => localStorage.getItem(relayOnlyName) === 'yes';
export const hideAddress = (hide: boolean): void =>
	localStorage.setItem(relayOnlyName, hide ? 'yes' : 'no');

/** ICE servers come from the server's own configuration and from nowhere else. */
export function iceSource(): () => Promise<RTCConfiguration> {
	let known: { config: RTCConfiguration; until: number } | undefined;
	return async () => {
		if (known && performance.now() < known.until) return known.config;
		const ice = await fetchJson(IceConfig, { path: '/api/ice' });
		const servers = ice.iceServers.map(({ urls, username, credential }) => ({
			urls,
			...(username === undefined ? {} : { username }),
			...(credential === undefined ? {} : { credential }),
		}));
		const config: RTCConfiguration = {
			iceServers: servers,
			iceTransportPolicy: ice.relay && hidesAddress() ? 'relay' : 'all',
		};
		known = { config, until: performance.now() + (ice.expiresInMs ?? 60 * 60_000) / 2 };
		return config;
	};
}
