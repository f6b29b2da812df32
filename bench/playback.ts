/** What sealing costs when one hour is watched: the same film, sealed and plain, from the same server. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Device } from '../tests/device.ts';
import { person } from '../tests/e2e/people.ts';
import { maya, setUp } from '../tests/e2e/practice.ts';
import { film, made } from '../tests/films.ts';
import { storeRecording } from '../tests/recorded.ts';
import { startServer } from '../tests/server.ts';
import { memoryMB } from './tools/memory.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, range, round, say, table } from './tools/table.ts';

const minutes = 60;
const seekSeconds = [1800, 600, 3500, 2400, 100];
/** The hour is walked through in steps, first to fill every buffer, then to see what is added. */
const stepSeconds = 60;

interface Watched {
	readonly firstFrameMs: number;
	readonly seeksMs: readonly number[];
}

/** One hour of 640x360 at 30 pictures a second, about 1 Mbit/s, cues in front. */
export function hour(): string {
	const picture = 'testsrc2=size=640x360:rate=30:duration=60';
	const sound = 'sine=frequency=440:sample_rate=48000:duration=60';
	const video = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '120'];
	const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound];
	const minute = made('minute.webm', [...inputs, ...video, '-b:v', '1M', '-c:a', 'libopus']);
	const loop = ['-stream_loop', `${minutes - 1}`, '-i', minute];
	return made('hour.webm', [...loop, '-c', 'copy', '-cues_to_front', '1']);
}

/** `prepared`: sealed; the page has prepared the film, as it does while it is drawn. `cold`: sealed; the worker has no key yet and has read nothing. */
type Way = 'prepared' | 'cold' | 'plain';

/** Shows the film in a fresh element; nothing of an earlier showing is in any cache. */
async function watch(page: Page, options: { src: string; way: Way }): Promise<Watched> {
	return page.evaluate(
		async ({ src, way, seconds }) => {
			const worker = navigator.serviceWorker.controller;
			const [, , recording, track] = src.split(/[/?]/);
			if (way !== 'plain') worker?.postMessage({ type: 'forget-media' });
			if (way === 'prepared') worker?.postMessage({ type: 'prepare-media', recording, track });
			await new Promise((resolve) => setTimeout(resolve, 400));
			const video = document.createElement('video');
			video.muted = true;
			document.body.append(video);
			const shown = () =>
				new Promise<void>((resolve, reject) => {
					video.requestVideoFrameCallback(() => resolve());
					video.addEventListener('error', () => reject(new Error(video.error?.message)));
				});
			const timed = async (act: () => void) => {
				const startedAt = performance.now();
				const frame = shown();
				act();
				await frame;
				return performance.now() - startedAt;
			};
			const firstFrameMs = await timed(() => (video.src = src));
			const seeksMs = [];
			for (const at of seconds) seeksMs.push(await timed(() => (video.currentTime = at)));
			video.removeAttribute('src');
			video.load();
			video.remove();
			return { firstFrameMs, seeksMs };
		},
		{ ...options, seconds: seekSeconds },
	);
}

/** MB that the browser grows by while the whole hour is walked through a second time. */
async function growth(page: Page, options: { src: string; profile: string }): Promise<number> {
	const { src, profile } = options;
	const show = async (at: number) =>
		page.evaluate(
			async ({ src: address, at: second }) => {
				let video = document.querySelector<HTMLVideoElement>('#walk');
				if (!video) {
					video = document.createElement('video');
					video.id = 'walk';
					video.muted = true;
					document.body.append(video);
					video.src = address;
					const { promise, resolve } = Promise.withResolvers<unknown>();
					video.addEventListener('loadeddata', resolve, { once: true });
					await promise;
				}
				video.currentTime = second;
				await new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
				await video.play();
				await new Promise((resolve) => setTimeout(resolve, 250));
				video.pause();
			},
			{ src, at },
		);
	for (let at = 1; at < minutes * 60; at += stepSeconds) await show(at);
	const before = memoryMB(profile);
	for (let at = 30; at < minutes * 60; at += stepSeconds) await show(at);
	const after = memoryMB(profile);
	await page.evaluate(() => document.querySelector('#walk')?.remove());
	return after - before;
}

/** `firstFrame` and `seek`: medians, sealed and not prepared, by plain. `memoryMB`: growth over a second hour, sealed; below 0 where the browser cleared up. */
export async function run({ repeats = 7 }: Options): Promise<Figures> {
	const pages = mkdtempSync(join(tmpdir(), 'sotto-bench-pages-'));
	const profile = mkdtempSync(join(tmpdir(), 'sotto-bench-profile-'));
	cpSync(join(import.meta.dirname, '../build/pwa'), pages, { recursive: true });
	cpSync(hour(), join(pages, 'plain.webm'));
	const server = await startServer({ env: { PAGES_DIR: pages } });
	const viewer = await person({ profile });
	try {
		const { page } = viewer;
		await setUp(page, server);
		const device = await Device.signIn({ address: server.address, ...maya });
		const long = readFileSync(hour());
		say(`  one hour, ${round(long.length / 1e6)} MB`);
		const short = film({ colour: '0x8a2f9a', tone: 1000, seconds: 5 });
		const recorded = await storeRecording(device, {
			people: [
				{ name: maya.name, film: long, startMs: 0, durationMs: minutes * 60_000 },
				{ name: 'Dana Whitfield', film: short, startMs: 0, durationMs: 5_000 },
			],
		});
		await page.goto(`${server.address}/recordings/${recorded.id}`);
		await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
		// The page holds the key; its own elements would compete for the connection.
		await page.evaluate(() => {
			for (const video of document.querySelectorAll('video')) {
				video.removeAttribute('src');
				video.load();
			}
		});
		const sealed = `/media/${recorded.id}/${recorded.tracks.get(maya.name)}`;
		const films = { prepared: sealed, cold: sealed, plain: '/plain.webm' } as const;
		const seen: Record<Way, Watched[]> = { prepared: [], cold: [], plain: [] };
		const order = ['prepared', 'plain', 'cold'] as const;
		// The first round is thrown away: the decoder is cold and the server has read nothing yet.
		for (let at = 0; at <= repeats; at++)
			for (const way of at % 2 === 0 ? order : order.toReversed())
				seen[way].push(await watch(page, { src: `${films[way]}?${way}${at}`, way }));
		const first = (way: Way) => seen[way].slice(1).map((one) => one.firstFrameMs);
		const seeks = (way: Way) => seen[way].slice(1).flatMap((one) => one.seeksMs);
		const grown = {
			plain: await growth(page, { src: `${films.plain}?walk`, profile }),
			cold: await growth(page, { src: `${films.cold}?walk`, profile }),
			prepared: Number.NaN,
		};
		table(
			order.map((way) => ({
				film: way,
				'first frame ms': Math.round(median(first(way))),
				range: range(first(way)),
				'seek ms': Math.round(median(seeks(way))),
				'range of seeks': range(seeks(way)),
				'MB grown': way === 'prepared' ? '' : Math.round(grown[way]),
			})),
		);
		return {
			// Like for like: nothing is prepared for the plain film either.
			firstFrame: round(median(first('cold')) / median(first('plain'))),
			firstFramePrepared: round(median(first('prepared')) / median(first('plain'))),
			seek: round(median(seeks('cold')) / median(seeks('plain'))),
			memoryMB: Math.round(grown.cold),
		};
	} finally {
		await viewer.close();
		await server.stop();
		for (const folder of [pages, profile]) rmSync(folder, { recursive: true, force: true });
	}
}
