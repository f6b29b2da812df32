/** What is recorded of somebody after the click that withdraws her consent, and how long the recorder keeps its key. */
import type { Page } from 'playwright-core';
import { mediaOf } from '../tests/e2e/analyse.ts';
import { sees } from '../tests/e2e/people.ts';
import { expect } from '../tests/e2e/playwright.ts';
import { type Seen, elapsed, readClock, wearClock } from './tools/clockface.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, range, round, table } from './tools/table.ts';
import {
	type Stage,
	connectButton,
	enterRoom,
	guestName,
	hostName,
	openStage,
	waiting,
} from './tools/visit.ts';

/** The button that withdraws; a dialog asks first. */
const button = 'Stop recording';
const recordedSeconds = 5;

declare global {
	interface Window {
		/** When the roster, which is computed from the group alone, first showed no recorder any more. */
		benchRecorderGoneAt?: number;
	}
}

/** Runs in the page, before anything else of it. */
function noteRoster(): void {
	let there = false;
	new MutationObserver(() => {
		const lines = [...document.querySelectorAll('section li')];
		const recorder = lines.some((line) => line.classList.contains('recorder'));
		if (there && !recorder && lines.length > 0)
			window.benchRecorderGoneAt ??= performance.timeOrigin + performance.now();
		there = recorder;
	}).observe(document, { childList: true, subtree: true });
}

interface Withdrawal {
	/** Milliseconds from the click until each page was in an epoch without the recorder. */
	readonly own: number;
	readonly host: number;
	/** Pictures and packets of sound in the finished recording, made after the click. */
	readonly pictures: number;
	readonly sounds: number;
	/** Milliseconds from the last picture that was recorded to the click. */
	readonly margin: number;
	/** Pictures in the last second before the click: what is there can be read. */
	readonly readable: number;
}

async function goneAt(page: Page): Promise<number> {
	await page.waitForFunction(() => window.benchRecorderGoneAt !== undefined);
	return page.evaluate(() => window.benchRecorderGoneAt ?? 0);
}

/** Throws when the recording shows so little that nothing could be found in it. */
function judge(seen: Seen, pressedAt: number): Omit<Withdrawal, 'own' | 'host'> {
	const after = seen.pictures.map((time) => elapsed(Math.floor(pressedAt), time));
	const readable = after.filter((ms) => ms < 0 && ms > -1000).length;
	if (readable < 5 || seen.before < 50 || seen.unreadable > seen.pictures.length / 4)
		throw new Error(
			`the recording cannot be read: ${readable} pictures, ${seen.before} sounds, ${seen.unreadable} unreadable`,
		);
	return {
		pictures: after.filter((ms) => ms >= 0).length,
		sounds: seen.after,
		margin: -Math.max(...after),
		readable,
	};
}

async function withdraw(stage: Stage): Promise<Withdrawal> {
	const { host, guest } = stage;
	await enterRoom(stage, await waiting(stage, { record: true }));
	await connectButton(host.page).click();
	await Promise.all([sees(host.page, guestName), sees(guest.page, hostName)]);
	await host.page.getByRole('button', { name: 'Start recording' }).click();
	const recording = guest.page.getByRole('status', { name: 'Recording', exact: true });
	await expect(recording).toBeVisible();
	await guest.page.waitForTimeout(recordedSeconds * 1000);
	await guest.page.getByRole('button', { name: 'Withdraw consent' }).click();
	const dialog = guest.page.getByRole('dialog');
	await dialog.getByRole('button', { name: button, exact: true }).click();
	const [own, hers] = [await goneAt(guest.page), await goneAt(host.page)];
	const pressedAt = await guest.page.evaluate(() => window.benchPressedAt ?? 0);
	await host.page.getByRole('link', { name: 'Open the recording' }).click({ timeout: 60_000 });
	await expect(host.page.getByRole('button', { name: 'Play' })).toBeVisible();
	const file = await mediaOf(host.page, guestName);
	return { own: own - pressedAt, host: hers - pressedAt, ...judge(readClock(file), pressedAt) };
}

/**
 * `ownFrames`: pictures and packets of sound, of all repeats, that were made after the click and that the finished
 * recording holds; the recorder keeps everything that it opens. `switchMs`: median until the last page switched.
 */
export async function run({ repeats = 5 }: Options): Promise<Figures> {
	const stage = await openStage();
	try {
		await wearClock(stage.guest.context, button);
		for (const { context } of [stage.guest, stage.host]) await context.addInitScript(noteRoster);
		const all: Withdrawal[] = [];
		for (let at = 0; at < repeats; at++) all.push(await withdraw(stage));
		table(
			all.map((one, at) => ({
				withdrawal: at + 1,
				'switch, her page, ms': Math.round(one.own),
				"switch, host's page, ms": Math.round(one.host),
				'pictures after the click': one.pictures,
				'sounds after the click': one.sounds,
				'last picture before it, ms': Math.round(one.margin),
				'pictures in the second before': one.readable,
			})),
		);
		const switches = all.map((one) => Math.max(one.own, one.host));
		const ownFrames = all.reduce((sum, one) => sum + one.pictures + one.sounds, 0);
		const figures = { ownFrames, switchMs: round(median(switches)) };
		table([{ ...figures, 'switch, range': range(switches) }]);
		return figures;
	} finally {
		await stage.close();
	}
}
