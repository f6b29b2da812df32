/** What a call costs the two browsers for each picture that arrives, beside simple-peer with nothing of ours. */
import { leave, openBare, startBare } from './tools/bare.ts';
import { type Window, sum, watch } from './tools/cost.ts';
import type { Figures, Options } from './tools/options.ts';
import type { Site } from './tools/site.ts';
import { momentsOf } from './tools/stopwatch.ts';
import { median, range, round, say, table } from './tools/table.ts';
import { type Stage, connectButton, enterRoom, openStage, waiting } from './tools/visit.ts';

/** The encoder finds its bit rate and the other's jitter buffer its length; seconds. */
const settleSeconds = 6;
const windowSeconds = 12;

async function measured(stage: Stage): Promise<Window> {
	const people = [stage.host, stage.guest];
	await Promise.all(people.map(({ page }) => momentsOf(page)));
	await stage.host.page.waitForTimeout(settleSeconds * 1000);
	const window = await watch(people, windowSeconds);
	await leave(stage);
	return window;
}

async function sealed(stage: Stage): Promise<Window> {
	await enterRoom(stage, await waiting(stage));
	await connectButton(stage.host.page).click();
	return measured(stage);
}

async function bare(stage: Stage, site: Site): Promise<Window> {
	await openBare(stage, site);
	await stage.host.page.locator('#connect').click();
	return measured(stage);
}

const perFrameMs = ({ cpu, frames }: Window): number => (sum(cpu) * 1000) / sum(frames);

/** `ratio`: medians of the CPU time of both browsers per picture that arrived. */
export async function run({ repeats = 5 }: Options): Promise<Figures> {
	const site = await startBare();
	const stage = await openStage();
	try {
		const ours: Window[] = [];
		const theirs: Window[] = [];
		for (let at = 0; at < repeats; at++) {
			const turns = [
				async () => ours.push(await sealed(stage)),
				async () => theirs.push(await bare(stage, site)),
			];
			if (at % 2 === 1) turns.reverse();
			for (const turn of turns) await turn();
			const each = [ours[at], theirs[at]].map((one) => (one ? round(perFrameMs(one)) : 0));
			say(`  ${at + 1}: ours ${each[0]} ms, bare ${each[1]} ms of CPU for a picture`);
		}
		const rows = Object.entries({ ours, bare: theirs }).map(([who, windows]) => ({
			who,
			'CPU ms a picture': round(median(windows.map(perFrameMs))),
			range: range(windows.map(perFrameMs)),
			'pictures a second': round(
				median(windows.map((one) => sum(one.frames) / one.frames.length / one.seconds)),
			),
			'picture width': median(windows.flatMap((one) => one.widths)),
			'CPU of one browser, %': round(
				median(windows.map((one) => (100 * sum(one.cpu)) / one.cpu.length / one.seconds)),
			),
		}));
		table(rows);
		return { ratio: round(median(ours.map(perFrameMs)) / median(theirs.map(perFrameMs))) };
	} finally {
		await stage.close();
		await site.close();
	}
}
