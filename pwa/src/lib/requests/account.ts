import { random, toBase64url } from '#crypto/bytes.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { OwnRequests } from '#protocol/requests.ts';
import { readAll } from './answer.ts';
import type { Asking } from './mine.svelte.ts';

/** Asking with the account that an appointment belongs to; answers are sealed to its keys. */
export function accountAsking(place: string): Asking {
	const path = `/api/visits/${place}/requests`;
	const { identity } = account;
	return {
		practice: account.practice.name,
		look: async () => readAll((await fetchJson(OwnRequests, { path })).requests, identity),
		async ask(kind) {
			const body = { id: toBase64url(random(16)), kind };
			const { requests } = await fetchJson(OwnRequests, { method: 'POST', path, body });
			return readAll(requests, identity);
		},
		async takeBack(id) {
			const sent = { method: 'POST', path: `${path}/${id}/withdraw` } as const;
			return readAll((await fetchJson(OwnRequests, sent)).requests, identity);
		},
	};
}
