import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page, userEvent } from 'vitest/browser';
import Playback from '#lib/play/Playback.svelte';
import { Player } from '#lib/play/player.svelte.ts';
import '#lib/ui/tokens.css';
import '#lib/ui/base.css';
import { webmOf } from './webm.ts';

/** Ben came two seconds late, and the recording was paused from 6 s to 8 s. */
const lateMs = 2_000;
const durationMs = 20_000;
const pause = { from: 6_000, to: 8_000, why: 'paused' } as const;
let [ana, ben] = ['', ''];
let player: Player;

beforeAll(async () => {
	[ana, ben] = await Promise.all([
		webmOf({ seconds: 20, color: '#c03020', hertz: 300 }),
		webmOf({ seconds: 18, color: '#2040c0', hertz: 700 }),
	]);
});

beforeEach(async () => {
	player = new Player({
		people: [
			{ id: 'a', name: 'Ana', startMs: 0, durationMs, src: ana },
			{ id: 'b', name: 'Ben', startMs: lateMs, durationMs: 18_000, src: ben },
		],
		durationMs,
		gaps: [pause],
	});
	await render(Playback, { player, gaps: [pause] });
});

afterEach(() => player.close());

const video = (name: string): HTMLVideoElement => {
	const element = page.getByLabelText(name, { exact: true }).element();
	if (!(element instanceof HTMLVideoElement)) throw new Error(`no video of ${name}`);
	return element;
};
const apartMs = () =>
	Math.abs(video('Ana').currentTime * 1000 - video('Ben').currentTime * 1000 - lateMs);
const slider = () => page.getByRole('slider', { name: 'Position' });
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const isPlaying = () => expect.poll(() => player.state, { timeout: 10_000 }).toBe('playing');

test('everybody starts together and stays within 100 ms', async () => {
	await player.seek(3_000);
	await press('Play');
	await isPlaying();
	await expect.poll(() => player.positionMs, { timeout: 10_000 }).toBeGreaterThan(4_500);
	expect(apartMs()).toBeLessThan(100);
	await press('Pause');
	expect([video('Ana').paused, video('Ben').paused]).toEqual([true, true]);
	expect(player.state).toBe('paused');
});

test('who is not there yet is said so, and comes in on time', async () => {
	await expect.element(page.getByText('Not in the recording at this moment.')).toBeVisible();
	await player.seek(1_000);
	await press('Play');
	await isPlaying();
	expect(video('Ben').paused).toBe(true);
	await expect.poll(() => video('Ben').paused, { timeout: 10_000 }).toBe(false);
	expect(player.positionMs).toBeGreaterThanOrEqual(lateMs);
	await expect.poll(() => video('Ben').currentTime, { timeout: 10_000 }).toBeGreaterThan(0.5);
	expect(apartMs()).toBeLessThan(100);
	await expect
		.element(page.getByText('Not in the recording', { exact: false }))
		.not.toBeInTheDocument();
});

test('a seek brings everybody to the same place, playing or not', async () => {
	await player.seek(12_345);
	expect(apartMs()).toBeLessThan(60);
	expect(player.state).toBe('paused');
	await press('Play');
	await isPlaying();
	await player.seek(15_000);
	await isPlaying();
	expect(apartMs()).toBeLessThan(100);
	expect(player.positionMs).toBeGreaterThanOrEqual(15_000);
});

test('of seeks in quick succession the last one counts', async () => {
	await Promise.all([4_000, 16_000, 9_000, 11_000].map((at) => player.seek(at)));
	expect(player.positionMs).toBe(11_000);
	expect(video('Ana').currentTime).toBeCloseTo(11, 1);
	expect(video('Ben').currentTime).toBeCloseTo(9, 1);
});

test('a pause of the recording is jumped over', async () => {
	const seen: number[] = [];
	await player.seek(5_300);
	await press('Play');
	await isPlaying();
	await expect
		.poll(
			() => {
				seen.push(player.positionMs);
				return player.positionMs;
			},
			{ timeout: 10_000, interval: 30 },
		)
		.toBeGreaterThan(8_200);
	expect(seen.filter((at) => at > 6_150 && at < 8_000)).toEqual([]);
	expect(apartMs()).toBeLessThan(100);
	await expect.element(page.getByText('Paused, 2 seconds', { exact: false })).toBeVisible();
});

test('who fell behind catches up, who is far away jumps', async () => {
	await player.seek(8_000);
	await press('Play');
	await isPlaying();
	video('Ben').currentTime -= 0.25;
	await expect.poll(() => video('Ben').playbackRate, { timeout: 5_000 }).toBeCloseTo(1.03);
	await expect.poll(apartMs, { timeout: 15_000 }).toBeLessThan(100);
	video('Ben').currentTime -= 3;
	await expect.poll(apartMs, { timeout: 5_000 }).toBeLessThan(150);
});

test('each person can be heard and shown by themselves', async () => {
	await page.getByRole('checkbox', { name: 'Hear Ben' }).click();
	expect([video('Ana').muted, video('Ben').muted]).toEqual([false, true]);
	const tile = video('Ana').parentElement;
	await page.getByRole('checkbox', { name: 'Show Ana' }).click();
	expect(tile?.hidden).toBe(true);
	await press('Play');
	await isPlaying();
	// Not shown is still heard.
	await expect.poll(() => tile?.querySelector('video')?.paused).toBe(false);
	await page.getByRole('checkbox', { name: 'Show Ben' }).click();
	await expect.element(page.getByText('Nobody is shown.', { exact: false })).toBeVisible();
});

test('the speed is everybody’s', async () => {
	await player.seek(9_000);
	await page.getByRole('combobox', { name: 'Speed' }).selectOptions('2 ×');
	await press('Play');
	await isPlaying();
	expect([video('Ana').playbackRate, video('Ben').playbackRate]).toEqual([2, 2]);
	const [from, startedAt] = [player.positionMs, performance.now()];
	await expect.poll(() => player.positionMs - from, { timeout: 10_000 }).toBeGreaterThan(3_000);
	const rate = (player.positionMs - from) / (performance.now() - startedAt);
	expect(rate).toBeGreaterThan(1.5);
	expect(apartMs()).toBeLessThan(150);
});

test('the keyboard does everything, and the place is said in words', async () => {
	slider().element().focus();
	await userEvent.keyboard('{PageUp}');
	expect(player.positionMs).toBe(20_000);
	await userEvent.keyboard('{Home}');
	await expect.poll(() => player.positionMs).toBe(0);
	await userEvent.keyboard('{ArrowRight}{ArrowRight}');
	await expect.poll(() => player.positionMs).toBe(10_000);
	await expect.element(slider()).toHaveAttribute('aria-valuetext', '10 seconds of 20 seconds');
	await userEvent.keyboard('{ArrowLeft}');
	await expect.poll(() => player.positionMs).toBe(5_000);
	slider().element().blur();
	await userEvent.keyboard(' ');
	await isPlaying();
	await userEvent.keyboard(' ');
	expect(player.state).toBe('paused');
	page.getByRole('checkbox', { name: 'Hear Ben' }).element().focus();
	await userEvent.keyboard(' ');
	expect([player.state, player.muted.has('b')]).toEqual(['paused', true]);
});

test('it ends at the end and starts again from the start', async () => {
	await player.seek(19_300);
	await press('Play');
	await expect.poll(() => player.state, { timeout: 10_000 }).toBe('ended');
	expect(player.positionMs).toBe(durationMs);
	await press('Play');
	await isPlaying();
	expect(player.positionMs).toBeLessThan(2_000);
});
