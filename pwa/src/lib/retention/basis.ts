import type { Basis } from './plan.ts';
import { loadBasis } from './store.ts';

let loading: Promise<Basis> | undefined;

/** Of the practice; without rules where nobody vouches for any. Throws `ApiError`. */
export function noticeBasis(): Promise<Basis> {
	// A series asks for each of its sessions.
	loading ??= loadBasis().finally(() => (loading = undefined));
	return loading;
}
