import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfmpeg } from '../scripts/find.js';

const folder = join(tmpdir(), 'sotto-test-films-1');

/** Runs ffmpeg for a file that is kept for the next run; the last argument is where it goes. */
export function made(file: string, args: readonly string[]): string {
	const path = join(folder, file);
	if (existsSync(path)) return path;
	mkdirSync(folder, { recursive: true });
	// Another run may be making the same file: whoever is first renames it into place whole.
	const part = join(folder, `${process.pid}-${file}`);
	execFileSync(findFfmpeg() ?? 'ffmpeg', ['-v', 'error', '-y', ...args, part]);
	renameSync(part, path);
	return path;
}

/** A WebM (VP8, Opus, a key frame every 2 s, cues in front) of one colour with some noise, and one tone. */
export function film(options: {
	colour: string;
	tone: number;
	seconds: number;
	size?: string;
	kilobits?: number;
}): Buffer {
	const { colour, tone, seconds, size = '320x180', kilobits = 500 } = options;
	const picture = `color=c=${colour}:s=${size}:r=15:d=${seconds},noise=alls=24:allf=t`;
	const sound = `sine=frequency=${tone}:sample_rate=48000:duration=${seconds}`;
	const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound];
	const video = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '30'];
	const rate = ['-b:v', `${kilobits}k`, '-minrate', `${kilobits}k`, '-maxrate', `${kilobits}k`];
	const rest = ['-c:a', 'libopus', '-cues_to_front', '1'];
	const name = `${colour}-${tone}-${seconds}-${size}-${kilobits}.webm`;
	const path = made(name, [...inputs, ...video, ...rate, ...rest]);
	return readFileSync(path);
}

/** The same of somebody who speaks, as a tone, from one second to another and is silent for the rest. */
export function talkingFilm(options: {
	colour: string;
	tone: number;
	seconds: number;
	from: number;
	to: number;
}): Buffer {
	const { colour, tone, seconds, from, to } = options;
	const picture = `color=c=${colour}:s=320x180:r=15:d=${seconds}`;
	const volume = `volume='if(between(t,${from},${to}),1,0)':eval=frame`;
	const sound = `sine=frequency=${tone}:sample_rate=48000:duration=${seconds},${volume}`;
	const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound];
	const video = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '30'];
	const name = `talking-${colour}-${tone}-${seconds}-${from}-${to}.webm`;
	const path = made(name, [
		...inputs,
		...video,
		'-b:v',
		'200k',
		'-c:a',
		'libopus',
		'-cues_to_front',
		'1',
	]);
	return readFileSync(path);
}
