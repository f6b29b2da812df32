import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { type ShareAsking, SharesAsking } from '#protocol/shares.ts';

/** So often a page asks who waits: somebody sits before the other screen. */
const lookAgainMs = 15_000;

/** Browsers that ask for a recording which this member shared, wherever in the app she is. */
export class Asking {
	list = $state.raw<readonly ShareAsking[]>([]);

	/** Loads them, and again while the page is seen; the result stops it. */
	watch(): () => void {
		void this.load();
		const timer = setInterval(() => {
			if (document.visibilityState === 'visible') void this.load();
		}, lookAgainMs);
		return () => clearInterval(timer);
	}

	async load(): Promise<void> {
		if (account.state !== 'unlocked') return;
		try {
			this.list = (await fetchJson(SharesAsking, { path: '/api/shares/asking' })).asking;
		} catch (error) {
			// The page of the recording has them too, and says what went wrong.
			if (!isApiError(error)) throw error;
		}
	}
}
