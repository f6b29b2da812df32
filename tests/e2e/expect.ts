import type { Locator } from 'playwright-core';

/** The few expectations of a locator that wait; playwright-core brings no test runner. */
export function expect(locator: Locator) {
	return {
		toBeVisible: (options: { timeout?: number } = {}) =>
			locator.first().waitFor({ state: 'visible', ...options }),
		toBeHidden: (options: { timeout?: number } = {}) =>
			locator.first().waitFor({ state: 'hidden', ...options }),
		toBeEnabled: async ({ timeout = 30_000 } = {}) => {
			const end = Date.now() + timeout;
			await locator.first().waitFor({ state: 'visible', timeout });
			while (!(await locator.first().isEnabled())) {
				if (Date.now() > end) throw new Error(`not enabled: ${String(locator)}`);
				await locator.page().waitForTimeout(50);
			}
		},
	};
}
