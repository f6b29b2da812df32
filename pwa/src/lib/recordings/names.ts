import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { CryptoError } from '#crypto/errors.ts';
import { fetchSession } from '#lib/sessions/store.ts';

/** Names of the ids in the history: put in on this device, the server does not know them. */
export type Names = ReadonlyMap<string, string>;

/** Names of the people who were invited to a session, by the id of their place, and the member's own. */
export async function namesOf(session: string | null): Promise<Names> {
	const own: [string, string] = [account.member.id, account.member.name];
	if (session === null || account.member.role === 'participant-only') return new Map([own]);
	try {
		const { places } = await fetchSession(session);
		return new Map([own, ...places.map(({ id, name }): [string, string] => [id, name])]);
	} catch (error) {
		// Somebody else's session: its names are sealed to its host.
		if (isApiError(error) || error instanceof CryptoError) return new Map([own]);
		throw error;
	}
}
