/** Draws the PNG icons of the manifest from pwa/static/mark.svg. Run by hand when the mark changes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findBrowser } from './find.js';
import { root } from './prepare.js';

const paper = '#faf6f0';
const folder = join(root, 'pwa/static');
const mark = readFileSync(join(folder, 'mark.svg'), 'utf8');

/** `share` is the height of the mark in the picture; a mask may cut all but the middle 80 %. */
const pictures = [
	{ name: 'icon-192.png', size: 192, share: 0.78, radius: 0.22 },
	{ name: 'icon-512.png', size: 512, share: 0.78, radius: 0.22 },
	{ name: 'icon-maskable-512.png', size: 512, share: 0.52, radius: 0 },
];

const executablePath = findBrowser();
if (!executablePath) throw new Error('no Chromium: install it or set CHROMIUM_PATH');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
for (const { name, size, share, radius } of pictures) {
	const page = await browser.newPage({ viewport: { width: size, height: size } });
	await page.setContent(
		`<style>html{background:none}body{margin:0;display:grid;place-content:center;height:${size}px;` +
			`background:${paper};border-radius:${size * radius}px}svg{height:${size * share}px}</style>${mark}`,
	);
	await page.screenshot({ path: join(folder, name), omitBackground: true });
	await page.close();
}
await browser.close();
