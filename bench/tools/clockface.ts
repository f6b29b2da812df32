/** A camera and a microphone whose pictures and sounds say when they were made, so that a recording tells what is in it. */
import { execFileSync } from 'node:child_process';
import type { BrowserContext } from 'playwright-core';
import { findFfmpeg } from '../../scripts/find.js';

/** Squares of a picture: 27 bits of milliseconds, and 5 that say how many of them are set. */
const columns = 8;
const rows = 4;
const timeBits = 27;
/** Hertz before and after the click. */
const tones = { before: 1000, after: 3000 };
const sampleRate = 48_000;
/** One Opus packet, seconds. */
const packetSeconds = 0.02;

declare global {
	interface Window {
		/** When the last press of the button was that the sound changes at; milliseconds since 1970. */
		benchPressedAt?: number;
	}
}

interface Face {
	readonly columns: number;
	readonly rows: number;
	readonly timeBits: number;
	readonly tones: typeof tones;
	readonly button: string;
}

/** Runs in the page, before anything else of it. */
function wear({ columns: across, rows: down, timeBits: bits, tones: pitch, button }: Face): void {
	const clock = performance;
	const now = (): number => clock.timeOrigin + clock.now();
	const canvas = document.createElement('canvas');
	[canvas.width, canvas.height] = [640, 360];
	const context = canvas.getContext('2d', { alpha: false });
	const draw = (): void => {
		const time = Math.floor(now()) % 2 ** bits;
		let set = 0;
		for (let bit = 0; bit < bits; bit++) set += Math.floor(time / 2 ** bit) % 2;
		const [width, height] = [canvas.width / across, canvas.height / down];
		for (let place = 0; place < across * down; place++) {
			const on =
				place < bits
					? Math.floor(time / 2 ** place) % 2
					: Math.floor(set / 2 ** (place - bits)) % 2;
			if (context) context.fillStyle = on ? '#fff' : '#000';
			context?.fillRect(
				(place % across) * width,
				Math.floor(place / across) * height,
				width,
				height,
			);
		}
	};
	let sound: { context: AudioContext; oscillator: OscillatorNode } | undefined;
	const microphone = (): MediaStreamTrack | undefined => {
		const audio = new AudioContext();
		const oscillator = new OscillatorNode(audio, { frequency: pitch.before });
		const output = new MediaStreamAudioDestinationNode(audio);
		oscillator.connect(output);
		oscillator.start();
		sound = { context: audio, oscillator };
		return output.stream.getAudioTracks()[0];
	};
	navigator.mediaDevices.getUserMedia = async ({ audio, video }: MediaStreamConstraints = {}) => {
		const tracks = [
			audio ? microphone() : undefined,
			video ? canvas.captureStream(30).getVideoTracks()[0] : undefined,
		];
		return new MediaStream(tracks.filter((track) => track !== undefined));
	};
	document.addEventListener(
		'click',
		(event) => {
			const pressed = event.target instanceof Element ? event.target.closest('button') : null;
			if (pressed?.textContent?.trim() !== button) return;
			// In the very turn of the click, before the page hears of it.
			window.benchPressedAt = now();
			draw();
			if (sound) sound.oscillator.frequency.value = pitch.after;
		},
		true,
	);
	setInterval(draw, 1000 / 30);
	draw();
}

/** Gives every page of a browser these devices; `button` changes the sound. */
export async function wearClock(context: BrowserContext, button: string): Promise<void> {
	await context.addInitScript(wear, { columns, rows, timeBits, tones, button });
}

/** What a decrypted WebM holds of such a camera and microphone. */
export interface Seen {
	/** Milliseconds of each picture, of the same clock modulo 2^27. */
	readonly pictures: readonly number[];
	/** Pictures whose check did not fit. */
	readonly unreadable: number;
	/** Packets of sound with the tone of before, and of after the click. */
	readonly before: number;
	readonly after: number;
}

function decode(file: Buffer, ...args: string[]): Buffer {
	const ffmpeg = findFfmpeg();
	if (!ffmpeg) throw new Error('no ffmpeg: install it or set FFMPEG_PATH');
	return execFileSync(ffmpeg, ['-v', 'error', '-i', 'pipe:0', ...args, 'pipe:1'], {
		input: file,
		maxBuffer: 2 ** 30,
	});
}

/** The time in one picture of `columns` x `rows` grey dots; undefined when the check does not fit. */
function timeOf(dots: Buffer): number | undefined {
	let time = 0;
	let set = 0;
	let said = 0;
	for (const [place, dot] of dots.entries()) {
		if (dot < 128) continue;
		if (place < timeBits) {
			time += 2 ** place;
			set++;
		} else said += 2 ** (place - timeBits);
	}
	return set === said ? time : undefined;
}

/** Strength of a tone in samples, by Goertzel's algorithm; a full sine is 1. */
function strength(samples: Float32Array, hertz: number): number {
	const factor = 2 * Math.cos((2 * Math.PI * hertz) / sampleRate);
	let [last, older] = [0, 0];
	for (const sample of samples) [last, older] = [sample + factor * last - older, last];
	const power = last * last + older * older - factor * last * older;
	return (2 * Math.sqrt(Math.max(0, power))) / samples.length;
}

/** Reads a decrypted WebM of one person. Throws when ffmpeg is missing or cannot read it. */
export function readClock(file: Buffer): Seen {
	const scale = `scale=${columns}:${rows}:flags=area`;
	const grey = ['-fps_mode', 'passthrough', '-pix_fmt', 'gray', '-f', 'rawvideo'];
	const dots = decode(file, '-an', '-vf', scale, ...grey);
	const size = columns * rows;
	const times: (number | undefined)[] = [];
	for (let at = 0; at + size <= dots.length; at += size)
		times.push(timeOf(dots.subarray(at, at + size)));
	const pictures = times.filter((time) => time !== undefined);
	const raw = decode(file, '-vn', '-ac', '1', '-ar', `${sampleRate}`, '-f', 'f32le');
	const samples = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
	const packet = sampleRate * packetSeconds;
	let [before, after] = [0, 0];
	for (let at = 0; at + packet <= samples.length; at += packet) {
		const part = samples.subarray(at, at + packet);
		const [low, high] = [strength(part, tones.before), strength(part, tones.after)];
		if (Math.max(low, high) < 0.02) continue;
		// Any of the new tone makes it a packet of afterwards.
		if (high > 0.02) after++;
		else before++;
	}
	return { pictures, unreadable: times.length - pictures.length, before, after };
}

/** Milliseconds from one moment to another on the clock of the pictures. */
export function elapsed(from: number, to: number): number {
	const turn = 2 ** timeBits;
	const ahead = (((to - from) % turn) + turn) % turn;
	return ahead > turn / 2 ? ahead - turn : ahead;
}
