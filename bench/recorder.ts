/** What recording adds to the clinician's browser in a call of two, beside what MediaRecorder adds to the same page. */
import type { Page } from 'playwright-core';
import { sees } from '../tests/e2e/people.ts';
import { expect } from '../tests/e2e/playwright.ts';
import { sum, watch } from './tools/cost.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, range, round, say, table } from './tools/table.ts';
import {
	type Stage,
	connectButton,
	enterRoom,
	guestName,
	hostName,
	openStage,
	waiting,
} from './tools/visit.ts';

const settleSeconds = 3;
const windowSeconds = 10;
/** What the app asks of the encoder of a call, so that both keep pictures of like quality. */
const bitsPerSecond = 900_000;

declare global {
	interface Window {
		/** What the page got from its devices. */
		benchTracks: MediaStreamTrack[];
		benchRecorders: MediaRecorder[];
		/** Kept as a page would that records by itself. */
		benchChunks: Blob[];
	}
}

/** Runs in the page, before anything else of it. */
function keepTracks(): void {
	window.benchTracks = [];
	window.benchRecorders = [];
	window.benchChunks = [];
	const { mediaDevices } = navigator;
	const ask = mediaDevices.getUserMedia.bind(mediaDevices);
	mediaDevices.getUserMedia = async (constraints) => {
		const stream = await ask(constraints);
		window.benchTracks.push(...stream.getTracks());
		return stream;
	};
}

async function startMediaRecorders(page: Page): Promise<void> {
	await page.evaluate((videoBitsPerSecond) => {
		const remote = [...document.querySelectorAll('video')]
			.filter((video) => !video.muted)
			.flatMap(({ srcObject }) => (srcObject instanceof MediaStream ? [srcObject] : []));
		const own = new MediaStream(window.benchTracks.filter((one) => one.readyState === 'live'));
		const mimeType = 'video/webm;codecs=vp8,opus';
		window.benchRecorders = [own, ...remote].map((stream) => {
			const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond });
			recorder.addEventListener('dataavailable', ({ data }) => window.benchChunks.push(data));
			recorder.start(1000);
			return recorder;
		});
	}, bitsPerSecond);
}

/** Ends them; gives how many there were and how many bytes they made. */
function stopMediaRecorders(page: Page): Promise<{ recorders: number; bytes: number }> {
	return page.evaluate(async () => {
		const stopped = window.benchRecorders.map(
			(recorder) => new Promise((resolve) => recorder.addEventListener('stop', resolve)),
		);
		for (const recorder of window.benchRecorders) recorder.stop();
		await Promise.all(stopped);
		const bytes = window.benchChunks.reduce((all, { size }) => all + size, 0);
		window.benchChunks = [];
		return { recorders: stopped.length, bytes };
	});
}

const press = (page: Page, name: string) => page.getByRole('button', { name }).click();
const shown = (page: Page, name: string) =>
	expect(page.getByRole('status', { name, exact: true })).toBeVisible();

const ways = ['none', 'ours', 'MediaRecorder'] as const;
type Way = (typeof ways)[number];

interface Cost {
	/** Milliseconds of CPU of the clinician's browser for each picture that arrives, so that a starved machine shows less. */
	readonly perPicture: number;
	readonly picturesPerSecond: number;
}

/** The recording is paused before and after. */
async function measured({ host, guest }: Stage, way: Way): Promise<Cost> {
	const { page } = host;
	if (way === 'ours') {
		await press(page, 'Resume recording');
		await shown(guest.page, 'Recording');
	} else if (way === 'MediaRecorder') await startMediaRecorders(page);
	await page.waitForTimeout(settleSeconds * 1000);
	const { cpu, seconds, frames } = await watch([host], windowSeconds);
	if (sum(frames) === 0) throw new Error('no picture arrived');
	if (way === 'ours') {
		await press(page, 'Pause recording');
		await shown(guest.page, 'Recording paused');
	} else if (way === 'MediaRecorder') {
		const { recorders, bytes } = await stopMediaRecorders(page);
		if (recorders !== 2 || bytes < 10_000 * windowSeconds) throw new Error('nothing was recorded');
	}
	const pictures = sum(frames);
	return { perPicture: (1000 * sum(cpu)) / pictures, picturesPerSecond: pictures / seconds };
}

/** In a call whose recording was started and is paused: the recorder is there and has no key. */
async function enter(stage: Stage): Promise<void> {
	const { host, guest } = stage;
	await host.context.addInitScript(keepTracks);
	await enterRoom(stage, await waiting(stage, { record: true }));
	await connectButton(host.page).click();
	await Promise.all([sees(host.page, guestName), sees(guest.page, hostName)]);
	await press(host.page, 'Start recording');
	await shown(guest.page, 'Recording');
	await host.page.waitForTimeout(2000);
	await press(host.page, 'Pause recording');
	await shown(guest.page, 'Recording paused');
}

/** `ratio`: added by ours / added by MediaRecorder; `total`: with / without our recording. Of medians. */
export async function run({ repeats = 5 }: Options): Promise<Figures> {
	const stage = await openStage();
	try {
		await enter(stage);
		const costs: Record<Way, Cost[]> = { none: [], ours: [], MediaRecorder: [] };
		for (let at = 0; at < repeats; at++) {
			const turn = ways.map((_, place) => ways[(place + at) % ways.length] ?? 'none');
			for (const way of turn) costs[way].push(await measured(stage, way));
			const each = ways.map((way) => `${way} ${round(costs[way][at]?.perPicture ?? 0)}`);
			say(`  ${at + 1}: ${each.join(', ')} ms of CPU a picture`);
		}
		const all = (way: Way): number[] => costs[way].map((cost) => cost.perPicture);
		const [none, ours, theirs] = [
			median(all('none')),
			median(all('ours')),
			median(all('MediaRecorder')),
		];
		table(
			ways.map((way) => ({
				recording: way,
				'CPU ms a picture': round(median(all(way))),
				range: range(all(way)),
				added: round(median(all(way)) - none),
				'pictures a second': round(median(costs[way].map((cost) => cost.picturesPerSecond))),
			})),
		);
		return { ratio: round((ours - none) / (theirs - none)), total: round(ours / none) };
	} finally {
		await stage.close();
	}
}
