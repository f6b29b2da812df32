import type { Page } from 'playwright-core';
import { cpuSeconds } from './cpu.ts';
import type { Someone } from './people.ts';

/** What some seconds of a call took and gave. */
export interface Window {
	/** Seconds of CPU of each browser's process tree. */
	readonly cpu: readonly number[];
	/** Pictures of the other that each page was given. */
	readonly frames: readonly number[];
	/** Width of those pictures at the end; a starved encoder makes them smaller. */
	readonly widths: readonly number[];
	readonly seconds: number;
}

/** Pictures that this page's remote videos were given so far; one's own picture is muted. */
function framesOf(page: Page): Promise<number> {
	return page.evaluate(() =>
		[...document.querySelectorAll('video')]
			.filter((video) => !video.muted)
			.reduce((sum, video) => sum + video.getVideoPlaybackQuality().totalVideoFrames, 0),
	);
}

function widthOf(page: Page): Promise<number> {
	return page.evaluate(() =>
		[...document.querySelectorAll('video')]
			.filter((video) => !video.muted)
			.reduce((widest, video) => Math.max(widest, video.videoWidth), 0),
	);
}

function grown(now: readonly number[], then: readonly number[]): number[] {
	return now.map((value, at) => value - (then[at] ?? 0));
}

/** Watches these browsers for a while. */
export async function watch(people: readonly Someone[], seconds: number): Promise<Window> {
	const read = async () => ({
		frames: await Promise.all(people.map(({ page }) => framesOf(page))),
		cpu: people.map(({ profile }) => cpuSeconds(profile)),
		at: performance.now(),
	});
	const before = await read();
	await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
	const after = await read();
	return {
		cpu: grown(after.cpu, before.cpu),
		frames: grown(after.frames, before.frames),
		widths: await Promise.all(people.map(({ page }) => widthOf(page))),
		seconds: (after.at - before.at) / 1000,
	};
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
