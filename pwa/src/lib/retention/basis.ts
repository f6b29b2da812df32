import { CryptoError } from '#crypto/errors.ts';
import { planningZone } from '#lib/schedule/form.ts';
import type { Basis } from './plan.ts';
import { loadRules } from './rules.ts';
import { loadBasis } from './store.ts';

let loading: Promise<Basis> | undefined;

/** Of the practice; without rules where nobody vouches for any. Throws `ApiError`. */
export function noticeBasis(): Promise<Basis> {
	// A series asks for each of its sessions.
	loading ??= loadBasis()
		.catch(async (error: unknown) => {
			if (!(error instanceof CryptoError)) throw error;
			return { rules: undefined, law: await loadRules(), zone: planningZone() };
		})
		.finally(() => (loading = undefined));
	return loading;
}
