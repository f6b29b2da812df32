import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { mediaOf } from './analyse.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { expect as expectThat } from './playwright.ts';

let server: TestServer;
let maya: Person;
let dana: Person;

beforeAll(async () => {
	server = await startServer();
	[maya, dana] = await Promise.all([person(), person()]);
	for (const one of [maya, dana]) await one.context.addInitScript(flashAndBeep);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close()]);
	await server?.stop();
});

/** In the page: a camera that flashes and a microphone that beeps together, at each full second of the wall clock. */
function flashAndBeep(): void {
	const now = (): number => performance.timeOrigin + performance.now();
	const picture = (): MediaStreamTrack => {
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [320, 180];
		const context = canvas.getContext('2d');
		let frame = 0;
		setInterval(() => {
			if (!context) return;
			context.fillStyle = now() % 1000 < 200 ? 'white' : 'black';
			context.fillRect(0, 0, 320, 180);
			// Something moves, so that no picture is left out as a repeat.
			context.fillStyle = 'gray';
			context.fillRect(frame++ % 320, 170, 8, 8);
		}, 1000 / 30);
		const [track] = canvas.captureStream(30).getVideoTracks();
		if (!track) throw new Error('a canvas has a track');
		return track;
	};
	const sound = (): MediaStreamTrack => {
		const context = new AudioContext({ sampleRate: 48_000 });
		const out = context.createMediaStreamDestination();
		const tone = context.createOscillator();
		const gain = context.createGain();
		tone.frequency.value = 1000;
		gain.gain.value = 0;
		tone.connect(gain).connect(out);
		tone.start();
		void context.resume();
		let next = 0;
		setInterval(() => {
			const second = Math.ceil((now() + 100) / 1000) * 1000;
			if (second === next) return;
			next = second;
			const at = context.currentTime + (second - now()) / 1000;
			gain.gain.setValueAtTime(0.6, at);
			gain.gain.setValueAtTime(0, at + 0.2);
		}, 50);
		const [track] = out.stream.getAudioTracks();
		if (!track) throw new Error('a destination has a track');
		return track;
	};
	navigator.mediaDevices.getUserMedia = async (wanted) =>
		new MediaStream(wanted?.video ? [picture()] : [sound()]);
}

function ffmpeg(file: Buffer, ...args: string[]): Buffer {
	const input = ['-v', 'error', '-i', 'pipe:0'];
	return execFileSync('ffmpeg', [...input, ...args, 'pipe:1'], {
		input: file,
		maxBuffer: 256 * 1024 * 1024,
	});
}

/** Times, in milliseconds, at which a row of levels rises over a limit after being below it. */
function rises(levels: readonly number[], options: { limit: number; stepMs: number }): number[] {
	const { limit, stepMs } = options;
	return levels.flatMap((level, at) =>
		level > limit && (levels[at - 1] ?? limit + 1) <= limit ? [at * stepMs] : [],
	);
}

function flashes(file: Buffer): number[] {
	const filter = 'fps=100:start_time=0,crop=iw:ih/2:0:0,scale=1:1:flags=area,format=gray';
	const raw = ffmpeg(file, '-an', '-vf', filter, '-f', 'rawvideo');
	return rises([...raw], { limit: 128, stepMs: 10 });
}

function beeps(file: Buffer): number[] {
	const filter = 'aresample=16000:async=1:first_pts=0';
	const raw = ffmpeg(file, '-vn', '-ac', '1', '-af', filter, '-f', 's16le');
	const samples = new Int16Array(raw.buffer, raw.byteOffset, Math.floor(raw.length / 2));
	const size = 80;
	const levels: number[] = [];
	for (let at = 0; at + size <= samples.length; at += size)
		levels.push(
			samples.subarray(at, at + size).reduce((sum, one) => sum + Math.abs(one), 0) / size,
		);
	const limit = Math.max(...levels) / 4;
	// A beep is 200 ms: rises within it belong to it.
	return rises(levels, { limit, stepMs: 5 }).filter(
		(time, at, all) => time - (all[at - 1] ?? -1000) > 400,
	);
}

const median = (values: readonly number[]): number =>
	values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** How long after each flash its beep comes. */
function offsets(file: Buffer): number[] {
	const heard = beeps(file);
	return flashes(file).flatMap((seen) => {
		const nearest = heard.toSorted((a, b) => Math.abs(a - seen) - Math.abs(b - seen))[0];
		return nearest !== undefined && Math.abs(nearest - seen) < 500 ? [nearest - seen] : [];
	});
}

test('picture and sound of everybody are recorded together', async () => {
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await maya.page.getByText(/^00:(09|[1-5]\d)$/).waitFor();
	await maya.page.getByRole('button', { name: 'Stop recording' }).click();
	await maya.page.getByRole('link', { name: 'Open the recording' }).click({ timeout: 120_000 });
	await expectThat(maya.page.getByRole('button', { name: 'Play' })).toBeVisible();
	const files = [
		await mediaOf(maya.page, 'Dr. Maya Okafor'),
		await mediaOf(maya.page, 'Dana Whitfield'),
	];
	for (const file of files) {
		const found = offsets(file);
		expect(found.length).toBeGreaterThan(5);
		// ITU-R BT.1359: from 45 ms early to 125 ms late is not noticed; a picture lasts 33 ms of it.
		expect(median(found)).toBeGreaterThan(-80);
		expect(median(found)).toBeLessThan(125);
	}
});
