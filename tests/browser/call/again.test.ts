import { afterEach, expect, test, vi } from 'vitest';
import { Devices } from '#lib/call/devices.svelte.ts';
import { type Page, Wire, closePages, page, twoEpochs } from './pages.ts';

// A page of a call that is loaded again: what its tab remembers, and what the others believe of it.
vi.setConfig({ testTimeout: 60_000 });
afterEach(() => {
	closePages();
	sessionStorage.clear();
	vi.restoreAllMocks();
});

const session = 'session-of-this-test';
const remembering = (): Devices => {
	const devices = new Devices();
	devices.remember(session);
	return devices;
};
const stands = (one: Page) =>
	expect.poll(() => one.links.primary(), { timeout: 20_000 }).toBeTruthy();

/** Whether pictures are made for the other. */
async function sends({ links }: Page): Promise<boolean> {
	const [tile] = links.tiles.values();
	const stats = await links.stats(tile?.key ?? '');
	return [...(stats?.values() ?? [])].some(
		({ type, kind, active }) => type === 'outbound-rtp' && kind === 'video' && active === true,
	);
}

async function meet() {
	const [hosts, guests] = await twoEpochs();
	const wire = new Wire();
	const host = await page({ wire, at: 0, epoch: hosts });
	const guest = await page({ wire, at: 1, epoch: guests, devices: remembering() });
	await host.devices.open();
	await guest.links.follow(true);
	await host.links.follow(true);
	await Promise.all([stands(host), stands(guest)]);
	/** The guest's page goes away and comes back, in the same tab. */
	const reload = async (): Promise<Page> => {
		guest.close();
		const again = await page({ wire, at: 1, epoch: guests, devices: remembering() });
		await again.links.follow(true);
		await stands(again);
		return again;
	};
	return { host, guest, reload };
}

test('a hand that was up is down after a reload, for everybody', async () => {
	const { host, guest, reload } = await meet();
	guest.group.raise(true);
	await expect.poll(() => host.group.hands.size).toBe(1);
	const again = await reload();
	expect(again.group.handUp).toBe(false);
	await expect.poll(() => host.group.hands.size).toBe(0);
});

test('sound alone stays so over a reload of its tab, on both sides', async () => {
	const { host, guest, reload } = await meet();
	await expect.poll(() => sends(host)).toBe(true);
	guest.group.listenOnly(true);
	guest.group.tellPictures();
	await expect.poll(() => sends(host)).toBe(false);
	const again = await reload();
	expect(again.group.soundOnly).toBe(true);
	await expect.poll(() => sends(host), { timeout: 10_000 }).toBe(false);
	again.group.listenOnly(false);
	again.group.tellPictures();
	await expect.poll(() => sends(host)).toBe(true);
});

test('what another tab wished is not believed of this one', async () => {
	const { host, guest, reload } = await meet();
	guest.group.listenOnly(true);
	guest.group.tellPictures();
	await expect.poll(() => sends(host)).toBe(false);
	sessionStorage.clear();
	const again = await reload();
	expect(again.group.soundOnly).toBe(false);
	await expect.poll(() => sends(host), { timeout: 10_000 }).toBe(true);
});

test('a page that is loaded again is muted and without camera, as it was left', async () => {
	const before = remembering();
	await before.open();
	before.mute(true);
	await before.switchCamera();
	before.close();
	const after = remembering();
	await after.openAgain();
	expect(after.muted).toBe(true);
	expect(after.audio?.enabled).toBe(false);
	expect(after.video).toBe(null);
	// Whoever presses the button wants to be seen.
	await after.switchCamera();
	after.close();
	const last = remembering();
	await last.openAgain();
	expect(last.video?.readyState).toBe('live');
	last.close();
});

test('sound alone ends a screen that is shared, and a screen that is shared ends sound alone', async () => {
	const canvas = document.createElement('canvas');
	canvas.getContext('2d')?.fillRect(0, 0, 1, 1);
	vi.spyOn(navigator.mediaDevices, 'getDisplayMedia').mockImplementation(async () =>
		canvas.captureStream(5),
	);
	const devices = remembering();
	await devices.open();
	await devices.share();
	expect(devices.sharing).toBe(true);
	devices.listenOnly(true);
	expect([devices.sharing, devices.video]).toEqual([false, null]);
	await devices.share();
	expect([devices.sharing, devices.soundOnly]).toEqual([true, false]);
	devices.close();
});
