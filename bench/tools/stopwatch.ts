import type { BrowserContext, Page } from 'playwright-core';

/** When things happened on a page, milliseconds since 1970, finer than Date.now(). */
export interface Moments {
	/** The last press of a button whose words begin with Connect. */
	readonly clickedAt?: number;
	/** The first picture of somebody else that was shown. */
	readonly firstFrameAt?: number;
}

declare global {
	interface Window {
		benchMoments: { clickedAt?: number; firstFrameAt?: number };
	}
}

/** Runs in the page, before anything else of it. */
function watch(): void {
	window.benchMoments = {};
	const { benchMoments } = window;
	const pressed = (event: Event): void => {
		const button = event.target instanceof Element ? event.target.closest('button') : null;
		if (button?.textContent?.trim().startsWith('Connect')) {
			benchMoments.clickedAt = performance.timeOrigin + performance.now();
		}
	};
	document.addEventListener('click', pressed, true);
	const seen = new WeakSet<HTMLVideoElement>();
	const look = (video: HTMLVideoElement): void => {
		video.requestVideoFrameCallback(() => {
			// One's own picture is muted; a picture that is covered by words is not seen.
			const shown = !video.muted && getComputedStyle(video).visibility === 'visible';
			if (!shown) return look(video);
			benchMoments.firstFrameAt ??= performance.timeOrigin + performance.now();
		});
	};
	new MutationObserver(() => {
		for (const video of document.querySelectorAll('video'))
			if (!seen.has(video)) {
				seen.add(video);
				look(video);
			}
	}).observe(document, { childList: true, subtree: true });
}

/** Has every page of a browser note its moments from its load on. */
export async function noteMoments(context: BrowserContext): Promise<void> {
	await context.addInitScript(watch);
}

/** What was noted, once somebody else was seen. */
export async function momentsOf(page: Page): Promise<Required<Moments>> {
	await page.waitForFunction(() => window.benchMoments.firstFrameAt !== undefined);
	const { clickedAt = 0, firstFrameAt = 0 } = await page.evaluate(() => window.benchMoments);
	return { clickedAt, firstFrameAt };
}
