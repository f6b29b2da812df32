import { SvelteMap } from 'svelte/reactivity';
import { afterEach, expect, test } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import '#lib/ui/tokens.css';
import '#lib/ui/base.css';
import { Group } from '#lib/call/group.svelte.ts';
import Stage from '#lib/call/ui/Stage.svelte';
import type { Tile } from '#lib/call/view.ts';

const names = ['Ines Becker', 'Tom Becker', 'Sam Lindqvist', 'Joana Reis', 'Noor Haddad-Ellingsen'];
const colours = ['#8a2f9a', '#2f5fd0', '#b5642b', '#1f8a8a', '#8a1f3c'];
const closing: (() => void)[] = [];

afterEach(async () => {
	for (const close of closing.splice(0)) close();
	await page.viewport(1280, 800);
});

/** A moving picture of one colour. */
function camera(colour: string, [width, height]: readonly [number, number]): MediaStream {
	const canvas = document.createElement('canvas');
	[canvas.width, canvas.height] = [width, height];
	const context = canvas.getContext('2d');
	let at = 0;
	const draw = (): void => {
		if (!context) return;
		context.fillStyle = colour;
		context.fillRect(0, 0, width, height);
		context.fillStyle = 'white';
		context.fillRect((at += 4) % width, height / 3, 12, height / 3);
	};
	draw();
	const timer = setInterval(draw, 100);
	const stream = canvas.captureStream(10);
	closing.push(() => {
		clearInterval(timer);
		for (const track of stream.getTracks()) track.stop();
	});
	return stream;
}

/** A call with so many others; the last of them holds a phone upright. */
async function stage(others: number) {
	const tiles = names.slice(0, others).map((name, at): Tile => {
		const size = at === 4 ? ([180, 320] as const) : ([320, 180] as const);
		return {
			key: `key-${at}`,
			seat: `seat-${at}`,
			name,
			stream: camera(colours[at] ?? '', size),
			link: 'connected',
			since: 0,
			microphone: at !== 1,
			camera: true,
			screen: false,
		};
	});
	const links = {
		tiles: new SvelteMap(tiles.map((tile) => [tile.key, tile])),
		sendDirect: async () => true,
		stats: async () => undefined,
	};
	const devices = {
		mute: () => {},
		muted: false,
		listenOnly: () => {},
		soundOnly: false,
		sink: '',
	};
	const group = new Group({ links, devices });
	const screen = await render(Stage, {
		tiles,
		group,
		preview: camera('#1f8a4c', [320, 180]),
		sharing: false,
		recording: 'off',
		alone: 'Nobody else is here yet',
	});
	const root = screen.container.firstElementChild;
	if (!(root instanceof HTMLElement)) throw new Error('no stage');
	return { group, root };
}

const boxesOf = (root: HTMLElement, selector: string): DOMRect[] =>
	[...root.querySelectorAll(selector)].map((one) => one.getBoundingClientRect());

const apart = (a: DOMRect, b: DOMRect): boolean =>
	a.right <= b.left + 0.5 ||
	b.right <= a.left + 0.5 ||
	a.bottom <= b.top + 0.5 ||
	b.bottom <= a.top + 0.5;

for (const [width, height] of [
	[870, 560],
	[374, 430],
	[304, 400],
] as const)
	for (const others of [1, 2, 3, 4, 5])
		test(`${others + 1} people at ${width} wide: nobody is covered or cropped, and every name is read`, async () => {
			await page.viewport(width > 600 ? 1280 : width + 16, 800);
			const { root } = await stage(others);
			root.style.width = `${width}px`;
			root.style.height = `${height}px`;
			await expect
				.poll(() => [...root.querySelectorAll('video')].every((video) => video.videoWidth > 0))
				.toBe(true);
			await new Promise(requestAnimationFrame);
			const whole = root.getBoundingClientRect();
			const tiles = boxesOf(root, '.tile');
			expect(tiles).toHaveLength(others + 1);
			for (const box of tiles) {
				expect(box.width).toBeGreaterThan(60);
				expect(box.left >= whole.left && box.right <= whole.right + 0.5).toBe(true);
				expect(box.top >= whole.top && box.bottom <= whole.bottom + 0.5).toBe(true);
			}
			// With one other person one's own picture lies over a corner.
			const pairs = tiles.flatMap((box, at) => tiles.slice(at + 1).map((other) => [box, other]));
			const covered = pairs.filter(([one, other]) => one && other && !apart(one, other));
			expect(covered.length).toBeLessThanOrEqual(others > 1 ? 0 : 1);
			for (const video of root.querySelectorAll('video'))
				expect(getComputedStyle(video).objectFit).toBe('contain');
			for (const name of names.slice(0, others)) {
				const tag = [...root.querySelectorAll<HTMLElement>('.name')].find(
					(one) => one.textContent === name,
				);
				// Not shortened by dots.
				expect(tag && tag.scrollWidth <= tag.clientWidth).toBe(true);
			}
			if (import.meta.env['VITE_SHOTS'])
				await page.screenshot({
					path: `${String(import.meta.env['VITE_SHOTS'])}/stage-${others + 1}-${width}.png`,
				});
		});

test('whoever is pinned is large, and the others stay in view', async () => {
	const { group, root } = await stage(4);
	root.style.width = '870px';
	root.style.height = '560px';
	group.pinned = 'key-2';
	await expect.poll(() => root.querySelector('.name')?.textContent).toBe(names[2]);
	const [first, ...rest] = boxesOf(root, '.tile');
	for (const box of rest) expect(first?.width).toBeGreaterThan(2 * box.width);
	expect(rest).toHaveLength(4);
});

test('a raised hand, a weak line and who speaks are said in words', async () => {
	const { group, root } = await stage(3);
	group.hands.add('key-0');
	group.meter.talking.add('key-0');
	// Muted: what is heard there is an echo at most.
	group.meter.talking.add('key-1');
	group.meter.quality.set('key-2', 'poor');
	await expect.poll(() => root.textContent).toContain('Hand up');
	const [ines, tom, sam] = root.querySelectorAll('[role=group]');
	expect(ines?.textContent).toContain('Speaking');
	expect(tom?.textContent).not.toContain('Speaking');
	expect(tom?.textContent).toContain('Muted');
	expect(sam?.textContent).toContain('Very weak connection');
});
