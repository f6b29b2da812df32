import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What one person's camera and microphone give: a colour that nobody else has, and a tone of one frequency. */
export interface Looks {
	/** As ffmpeg writes it, such as 0x1f7a5c. */
	readonly colour: string;
	/** Hertz. */
	readonly tone: number;
}

export const looks = {
	maya: { colour: '0x1f8a4c', tone: 500 },
	dana: { colour: '0x8a2f9a', tone: 1000 },
	tom: { colour: '0x2f5fd0', tone: 2000 },
} as const satisfies Record<string, Looks>;

const seconds = 10;
const folder = join(tmpdir(), 'sotto-test-media-3');

function ffmpeg(file: string, ...args: string[]): string {
	const path = join(folder, file);
	if (existsSync(path)) return path;
	mkdirSync(folder, { recursive: true });
	// Another run may be making the same file: whoever is first renames it into place whole.
	const part = join(folder, `${process.pid}-${file}`);
	execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, part]);
	renameSync(part, path);
	return path;
}

/** A moving picture: the colour with a bright bar that travels, 320x180 at 15 pictures a second. */
export function videoFile({ colour }: Looks): string {
	const name = `${colour}.mjpeg`;
	const base = `color=c=${colour}:s=320x180:r=15:d=${seconds}`;
	const bar = `color=c=white:s=16x60:r=15:d=${seconds}`;
	const graph = `[0][1]overlay=x='mod(t*64,320)':y=60`;
	const inputs = ['-f', 'lavfi', '-i', base, '-f', 'lavfi', '-i', bar];
	return ffmpeg(name, ...inputs, '-filter_complex', graph, '-q:v', '3', '-f', 'mjpeg');
}

/** A tone that comes and goes twice a second: what never changes is taken out as noise by the browser. */
export function audioFile({ tone }: Looks): string {
	const wave = `0.6*sin(2*PI*${tone}*t)*lt(mod(t\\,0.5)\\,0.3)`;
	const source = `aevalsrc=${wave}:s=48000:d=${seconds}`;
	return ffmpeg(`${tone}.wav`, '-f', 'lavfi', '-i', source, '-ac', '1', '-f', 'wav');
}
