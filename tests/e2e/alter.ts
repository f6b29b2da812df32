import type { Page } from 'playwright-core';

/**
 * Gives `page` other JSON than the server sent: every GET of `url` is answered with what `change` makes of it.
 * The function that comes back ends this, after answers that were still on their way.
 */
export async function alter<Body>(
	page: Page,
	url: string,
	change: (body: Body) => Body,
): Promise<() => Promise<void>> {
	await page.route(url, async (route) => {
		if (route.request().method() !== 'GET') return route.fallback();
		const response = await route.fetch();
		await route.fulfill({ response, json: change(await response.json()) });
	});
	// `unroute` alone would leave an answer under way without a request to answer.
	return () => page.unrouteAll({ behavior: 'wait' });
}
