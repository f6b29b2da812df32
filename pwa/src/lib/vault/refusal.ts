import { CryptoError } from '#crypto/errors.ts';
import { m } from '#lib/paraglide/messages.js';

/** What to say where a passkey was not used; undefined for every other failure. */
export function refusal(failure: unknown): { what: string; next: string } | undefined {
	if (!(failure instanceof CryptoError)) return undefined;
	if (failure.code === 'no-key') return { what: m.keys_refused(), next: m.keys_refused_next() };
	if (failure.code === 'not-a-recipient')
		return { what: m.keys_unknown(), next: m.keys_refused_next() };
	if (failure.code === 'unknown-version')
		return { what: m.keys_no_prf(), next: m.keys_no_prf_next() };
	return undefined;
}
