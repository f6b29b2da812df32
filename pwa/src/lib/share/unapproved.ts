import { fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openOwn } from '#crypto/share/own.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { UnapprovedShares } from '#protocol/shares.ts';

/**
 * How many open shares of hers wait for a device to be approved that she can approve with keys of before alone: what she
 * gives with them she signed for herself with these. Throws `ApiError`.
 */
export async function oldShares(): Promise<number> {
	const { shares } = await fetchJson(UnapprovedShares, { path: '/api/shares/unapproved' });
	let old = 0;
	for (const { own, ...place } of shares) {
		const sealed = fromBase64url(own);
		try {
			await openOwn({ ...place, sealed, identity: account.identity });
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
			old += 1;
		}
	}
	return old;
}
