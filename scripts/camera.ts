/** Camera and microphone of somebody who is drawn: a portrait that moves a little, and a voice-like tone. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { findFfmpeg } from './find.js';

const seconds = 20;
const size = { width: 704, height: 396 };

export interface Camera {
	readonly video: string;
	readonly audio: string;
}

/** Writes both files into `folder`. Throws when there is no ffmpeg. */
export async function drawCamera(options: {
	browser: Browser;
	name: string;
	/** Hertz. */
	tone: number;
	folder: string;
}): Promise<Camera> {
	const { browser, name, tone, folder } = options;
	const still = join(folder, `${name}.png`);
	const svg = readFileSync(join(import.meta.dirname, `portraits/${name}.svg`), 'utf8');
	const page = await browser.newPage({ viewport: size });
	await page.setContent(
		`<style>body{margin:0}svg{display:block;width:${size.width}px;height:${size.height}px}</style>${svg}`,
	);
	await page.screenshot({ path: still });
	await page.close();
	const ffmpeg = findFfmpeg();
	if (!ffmpeg) throw new Error('no ffmpeg: install it or set FFMPEG_PATH');
	const make = (...args: string[]) => execFileSync(ffmpeg, ['-v', 'error', '-y', ...args]);
	const video = join(folder, `${name}.mjpeg`);
	const sway = `crop=640:360:x='32+20*sin(2*PI*t/10)':y='18+8*sin(2*PI*t/5)'`;
	const frames = ['-loop', '1', '-framerate', '15', '-t', `${seconds}`, '-i', still];
	// Chromium's camera from a file reads this pixel format only.
	make(...frames, '-vf', sway, '-pix_fmt', 'yuvj420p', '-q:v', '3', '-f', 'mjpeg', video);
	const audio = join(folder, `${name}.wav`);
	const voice = `sine=frequency=${tone}:sample_rate=48000:duration=${seconds}`;
	const words = `tremolo=f=3:d=0.9,volume='if(lt(mod(t,9),5),1,0.02)':eval=frame`;
	make('-f', 'lavfi', '-i', voice, '-af', words, '-ac', '1', audio);
	return { video, audio };
}
