import { fetchJson } from '#lib/net/api.ts';
import { nameHere } from '#lib/net/home.ts';
import { IceConfig } from '#protocol/account.ts';

/** Address hiding is chosen per browser. */
const relayOnlyName = nameHere('sotto-relay-only');

const hourMs = 60 * 60_000;

export const hidesAddress = (): boolean => localStorage.getItem(relayOnlyName) === 'yes';
export const hideAddress = (hide: boolean): void =>
	localStorage.setItem(relayOnlyName, hide ? 'yes' : 'no');

/** ICE servers come from the server's own configuration and from nowhere else. */
export function iceSource(): () => Promise<RTCConfiguration> {
	let known: { ice: IceConfig; until: number } | undefined;
	return async () => {
		if (!known || performance.now() >= known.until) {
			const ice = await fetchJson(IceConfig, { path: '/api/ice' });
			known = { ice, until: performance.now() + (ice.expiresInMs ?? hourMs) / 2 };
		}
		const { relay, iceServers } = known.ice;
		const servers = iceServers.map(({ urls, username, credential }) => ({
			urls,
			...(username === undefined ? {} : { username }),
			...(credential === undefined ? {} : { credential }),
		}));
		// Asked anew for each connection: somebody may choose to hide while she waits.
		return { iceServers: servers, iceTransportPolicy: relay && hidesAddress() ? 'relay' : 'all' };
	};
}
