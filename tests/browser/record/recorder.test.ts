import { afterEach, expect, test } from 'vitest';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { openPackage } from '#crypto/group/group.ts';
import { concat, random, toBase64url } from '#crypto/bytes.ts';
import { type Announcement, RecorderClient } from '#lib/record/client.ts';
import { pictureTrack, planFile, soundTrack, writeFile } from '#lib/record/file.ts';
import { merge } from '#lib/record/merge.ts';
import type { Packet } from '#lib/record/webm.ts';
import RecorderWorker from '#lib/record/worker/main.ts?worker&inline';
import ShelfWorker from './shelf.worker.ts?worker';

const clients: RecorderClient[] = [];
const workers: Worker[] = [];
afterEach(() => {
	for (const one of clients.splice(0)) one.terminate();
	for (const worker of workers.splice(0)) worker.terminate();
});

function client(): RecorderClient {
	const heard: Announcement[] = [];
	const made = new RecorderClient(new RecorderWorker({ name: 'recordings' }), (message) =>
		heard.push(message),
	);
	clients.push(made);
	return made;
}

test('the worker makes an identity and key packages whose private halves stay in it', async () => {
	const recorder = client();
	const session = toBase64url(random(16));
	const { publicKey: hostKey } = await generateSigningKey();
	const early = recorder.request({ type: 'packages', count: 1 });
	await expect(early).rejects.toMatchObject({ code: 'not-open' });
	const { key } = await recorder.request({ type: 'open', session, hostKey });
	const { packages } = await recorder.request({ type: 'packages', count: 2 });
	const claims = await Promise.all(packages.map(openPackage));
	for (const claim of claims) {
		expect(claim.session).toBe(session);
		expect(toBase64url(claim.key)).toBe(toBase64url(key));
	}
	const stranger = recorder.request({ type: 'welcome', generation: 1, welcome: random(40) });
	await expect(stranger).rejects.toMatchObject({ code: 'epoch-refused', reason: 'not-a-welcome' });
	await expect(recorder.request({ type: 'end' })).rejects.toMatchObject({
		code: 'nothing-recorded',
	});
});

/** Asks a worker with a shelf. */
function shelf() {
	const worker = new ShelfWorker();
	workers.push(worker);
	let next = 0;
	return (act: string, recording: string, text?: string): Promise<unknown> => {
		const id = next++;
		const { promise, resolve } = Promise.withResolvers<unknown>();
		worker.addEventListener('message', (event: MessageEvent<{ id: number; result: unknown }>) => {
			if (event.data.id === id) resolve(event.data.result);
		});
		worker.postMessage({ id, act, recording, text });
		return promise;
	};
}

test('what was appended is there after the worker was killed, and one worker has it at a time', async () => {
	const recording = toBase64url(random(16));
	const first = shelf();
	expect(await first('take', recording)).toBe(true);
	await first('append', recording, 'one ');
	await first('append', recording, 'two');
	expect(await first('read', recording)).toBe('e two');
	const second = shelf();
	expect(await second('take', recording)).toBe(false);
	expect(await second('free', recording)).toBe(false);
	workers[0]?.terminate();
	await expect.poll(() => second('free', recording)).toBe(true);
	expect(await second('take', recording)).toBe(true);
	expect(await second('list', recording)).toEqual([{ name: 'a.strk', bytes: 7 }]);
	expect(await second('read', recording)).toBe('e two');
	await second('remove', recording);
	expect(await second('list', recording)).toEqual([]);
	await second('forget', recording);
	expect(await second('free', recording)).toBe(false);
	const recorder = client();
	const { recordings } = await recorder.request({ type: 'leftovers' });
	expect(recordings.map((one) => one.recording)).not.toContain(recording);
});

test('the recorder lists and forgets what an earlier run left', async () => {
	const recording = toBase64url(random(16));
	const before = shelf();
	await before('take', recording);
	await before('append', recording, 'x');
	await before('release', recording);
	const recorder = client();
	const listed = await recorder.request({ type: 'leftovers' });
	expect(listed.recordings.map((one) => one.recording)).toContain(recording);
	await recorder.request({ type: 'forget', recording });
	const after = await recorder.request({ type: 'leftovers' });
	expect(after.recordings.map((one) => one.recording)).not.toContain(recording);
});

function take(list: Packet[], track: number) {
	return (chunk: EncodedVideoChunk | EncodedAudioChunk): void => {
		const data = new Uint8Array(chunk.byteLength);
		chunk.copyTo(data);
		const timeMs = Math.round(chunk.timestamp / 1000);
		list.push({ track, timeMs, key: chunk.type === 'key', data });
	};
}

function error(cause: Error): never {
	throw cause;
}

/** Ten seconds of picture, the number of the second in black and white bars, and silence, really encoded. */
async function encode(): Promise<{ picture: Packet[]; sound: Packet[] }> {
	const [picture, sound]: [Packet[], Packet[]] = [[], []];
	const video = new VideoEncoder({ output: take(picture, pictureTrack), error });
	video.configure({ codec: 'vp8', width: 64, height: 48, latencyMode: 'realtime' });
	const canvas = new OffscreenCanvas(64, 48);
	const paint = canvas.getContext('2d');
	for (let at = 0; at < 100; at++) {
		if (!paint) throw new Error('no canvas');
		for (const bit of [0, 1, 2, 3]) {
			paint.fillStyle = (Math.floor(at / 10) >> bit) & 1 ? 'white' : 'black';
			paint.fillRect(bit * 16, 0, 16, 48);
		}
		const frame = new VideoFrame(canvas, { timestamp: at * 100_000 });
		video.encode(frame, { keyFrame: at % 40 === 0 });
		frame.close();
	}
	await video.flush();
	const audio = new AudioEncoder({ output: take(sound, soundTrack), error });
	audio.configure({ codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 });
	for (let at = 0; at < 100; at++) {
		const data = new AudioData({
			format: 'f32',
			sampleRate: 48_000,
			numberOfFrames: 4800,
			numberOfChannels: 2,
			timestamp: at * 100_000,
			data: new Float32Array(9600),
		});
		audio.encode(data);
		data.close();
	}
	await audio.flush();
	return { picture, sound };
}

async function* each(packets: readonly Packet[]): AsyncGenerator<Packet> {
	yield* packets;
}

function happened(target: EventTarget, name: string): Promise<Event> {
	return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}

test('Chromium knows how long a finished file is, and seeks in it to the right picture', async () => {
	const { picture, sound } = await encode();
	const rows = () => merge([each(picture), each(sound)]);
	const plan = await planFile(rows());
	if (!plan) throw new Error('a plan');
	const format = { codec: 'vp8', width: 64, height: 48 } as const;
	const pieces: Uint8Array[] = [];
	for await (const piece of writeFile({ plan, format, packets: rows() })) pieces.push(piece);
	const url = URL.createObjectURL(new Blob([concat(...pieces)], { type: 'video/webm' }));
	const video = document.createElement('video');
	video.muted = true;
	video.src = url;
	await happened(video, 'loadedmetadata');
	expect(video.duration).toBeCloseTo(plan.durationMs / 1000, 2);
	expect(video.videoWidth).toBe(64);
	const canvas = new OffscreenCanvas(64, 48);
	const paint = canvas.getContext('2d');
	for (const second of [8, 2, 5]) {
		video.currentTime = second + 0.55;
		await happened(video, 'seeked');
		paint?.drawImage(video, 0, 0);
		const bits = [0, 1, 2, 3].map((bit) => paint?.getImageData(bit * 16 + 8, 20, 1, 1).data[0]);
		const shown = bits.reduce<number>(
			(sum, shade = 0, bit) => sum + (shade > 127 ? 1 << bit : 0),
			0,
		);
		expect(shown).toBe(second);
	}
	URL.revokeObjectURL(url);
});
