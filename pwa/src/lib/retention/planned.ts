import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { fetchSession } from '#lib/sessions/store.ts';
import type { PlannedFacts } from './facts.ts';

/**
 * What was said when its session was planned; undefined where nothing was, and for whoever cannot open the session.
 * Throws `ApiError` only where the server cannot be reached.
 */
export async function readPlanned(session: string | null): Promise<PlannedFacts | undefined> {
	if (session === null || account.member.role === 'participant-only') return undefined;
	try {
		return (await fetchSession(session)).kept;
	} catch (error) {
		if (error instanceof CryptoError) return undefined;
		if (isApiError(error, 'not-found') || isApiError(error, 'forbidden')) return undefined;
		throw error;
	}
}
