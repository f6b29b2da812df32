import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from './playwright.ts';
import { type Looks, looks } from './media.ts';
import { isColour } from './people.ts';

const sampleRate = 16_000;
const windowSeconds = 0.25;

/** The whole decrypted file of one person, read by the player's own service worker piece by piece. */
export async function mediaOf(page: Page, name: string): Promise<Buffer> {
	const text = await page.evaluate(async (label) => {
		const video = document.querySelector<HTMLVideoElement>(`video[aria-label="${label}"]`);
		if (!video) throw new Error('no video of that name');
		const parts: Uint8Array[] = [];
		for (let at = 0, total = Infinity; at < total;) {
			const answer = await fetch(video.currentSrc, { headers: { Range: `bytes=${at}-` } });
			if (answer.status !== 206) throw new Error(`status ${answer.status}`);
			total = Number(answer.headers.get('content-range')?.split('/').at(-1));
			const bytes = new Uint8Array(await answer.arrayBuffer());
			parts.push(bytes);
			at += bytes.length;
		}
		// As text, because a page can hand over nothing else.
		let all = '';
		for (const bytes of parts)
			for (let at = 0; at < bytes.length; at += 8190)
				all += btoa(String.fromCharCode(...bytes.subarray(at, at + 8190))) + ' ';
		return all;
	}, name);
	return Buffer.concat(text.split(' ').map((part) => Buffer.from(part, 'base64')));
}

/** What ffmpeg prints for a file on its standard input. */
function ffmpeg(file: Buffer, ...args: string[]): Buffer {
	return execFileSync('ffmpeg', ['-v', 'error', '-i', 'pipe:0', ...args, 'pipe:1'], {
		input: file,
		maxBuffer: 512 * 1024 * 1024,
	});
}

/** Complaints of ffmpeg when it decodes everything; empty for a sound file. */
export function decodeErrors(file: Buffer): string {
	const args = ['-v', 'error', '-i', 'pipe:0', '-enc_time_base', '-1', '-f', 'null', '-'];
	return execFileSync('sh', ['-c', `ffmpeg ${args.join(' ')} 2>&1`], { input: file }).toString();
}

/** Mean colour of the upper edge of the picture, twice a second. */
export function colours(file: Buffer): (readonly [number, number, number])[] {
	const filter = 'crop=iw:ih/4:0:0,fps=2,scale=1:1:flags=area';
	const raw = ffmpeg(file, '-an', '-vf', filter, '-f', 'rawvideo', '-pix_fmt', 'rgb24');
	const found: (readonly [number, number, number])[] = [];
	for (let at = 0; at + 3 <= raw.length; at += 3)
		found.push([raw[at] ?? 0, raw[at + 1] ?? 0, raw[at + 2] ?? 0]);
	return found;
}

/** Strength of one frequency in samples, by Goertzel's algorithm; 1 is a full sine. */
function strength(samples: Int16Array, hertz: number): number {
	const factor = 2 * Math.cos((2 * Math.PI * hertz) / sampleRate);
	let [s1, s2] = [0, 0];
	for (const sample of samples) [s1, s2] = [sample / 32_768 + factor * s1 - s2, s1];
	return (2 * Math.sqrt(Math.max(0, s1 * s1 + s2 * s2 - factor * s1 * s2))) / samples.length;
}

/** Mean strength of each person's tone over the whole sound, and how many quarter seconds it led in. */
export function tones(file: Buffer): Record<keyof typeof looks, { strength: number; led: number }> {
	const raw = ffmpeg(file, '-vn', '-ac', '1', '-ar', String(sampleRate), '-f', 's16le');
	const samples = new Int16Array(raw.buffer, raw.byteOffset, Math.floor(raw.length / 2));
	const size = windowSeconds * sampleRate;
	const result = {
		maya: { strength: 0, led: 0 },
		dana: { strength: 0, led: 0 },
		tom: { strength: 0, led: 0 },
	};
	const names = ['maya', 'dana', 'tom'] as const;
	const windows = Math.floor(samples.length / size);
	for (let at = 0; at < windows; at++) {
		const part = samples.subarray(at * size, (at + 1) * size);
		const found = names.map((name) => strength(part, looks[name].tone));
		for (const [i, name] of names.entries()) result[name].strength += (found[i] ?? 0) / windows;
		const best = Math.max(...found);
		const leader = names[found.indexOf(best)];
		if (best > 0.02 && leader) result[leader].led++;
	}
	return result;
}

/** Seconds that a file lasts, as ffprobe reads it from the headers. */
export function duration(file: Buffer): number {
	const path = join(mkdtempSync(join(tmpdir(), 'sotto-file-')), 'file.webm');
	// From a file: ffprobe stops reading a pipe as soon as it knows, and the writer fails.
	writeFileSync(path, file);
	const args = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path];
	const text = execFileSync('ffprobe', args).toString();
	rmSync(dirname(path), { recursive: true });
	return Number(text.trim());
}

/** Share of the pictures that show this person's colour. */
export function shareOf(file: Buffer, look: Looks): number {
	const all = colours(file);
	return all.filter((colour) => isColour(colour, look)).length / Math.max(1, all.length);
}
