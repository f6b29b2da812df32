import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfmpeg } from '../../scripts/find.js';
import { type Person, person } from '../../tests/e2e/people.ts';

/** Somebody with a browser process of her own, whose CPU can be read. */
export interface Someone extends Person {
	/** Names the browser's processes. */
	readonly profile: string;
}

const folder = join(tmpdir(), 'sotto-bench-media');

/** 640x360 at 30 pictures a second, in which everything moves; as MJPEG, which most webcams give. */
function camera(): string {
	const path = join(folder, 'moving.mjpeg');
	if (existsSync(path)) return path;
	const ffmpeg = findFfmpeg();
	if (!ffmpeg) throw new Error('no ffmpeg: install it or set FFMPEG_PATH');
	mkdirSync(folder, { recursive: true });
	const part = join(folder, `${process.pid}.mjpeg`);
	const source = 'testsrc2=size=640x360:rate=30:duration=10';
	const output = ['-pix_fmt', 'yuvj420p', '-q:v', '4', '-f', 'mjpeg', part];
	execFileSync(ffmpeg, ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...output]);
	renameSync(part, path);
	return path;
}

/** A browser of its own with a camera of 640x360 at 30 pictures a second, and the device's beep as sound. */
export async function someone(options: { width?: number; height?: number } = {}): Promise<Someone> {
	const profile = mkdtempSync(join(tmpdir(), 'sotto-bench-'));
	const args = [`--use-file-for-fake-video-capture=${camera()}`];
	const made = await person({ ...options, profile, args });
	return {
		...made,
		profile,
		close: async () => {
			await made.close();
			rmSync(profile, { recursive: true, force: true });
		},
	};
}
