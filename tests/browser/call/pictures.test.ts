import { afterEach, expect, test, vi } from 'vitest';
import { SFrameKeyring, clearBytes } from '#crypto/sframe/sframe.ts';
import type { PortBatch, PortFrame } from '#lib/record/port.ts';
import { closePages, type Page, Wire, page, twoEpochs } from './pages.ts';
import { devices as openDevices } from './pair.ts';

// Whoever asks for sound alone gets no picture; whoever is recorded is recorded with hers all the same.
vi.setConfig({ testTimeout: 60_000 });
afterEach(closePages);

/** A call of two, with both cameras and microphones on. */
async function callOfTwo(recorded: boolean): Promise<{ host: Page; guest: Page }> {
	const tracks = await openDevices();
	const [hosts, guests] = await twoEpochs(true);
	const wire = new Wire();
	const host = await page({ wire, at: 0, epoch: hosts });
	const guest = await page({ wire, at: 1, epoch: guests });
	for (const { devices, recorder } of [host, guest]) {
		recorder.in = recorded;
		[devices.audio, devices.video] = [tracks.audio.clone(), tracks.video.clone()];
	}
	await guest.links.follow(true);
	await host.links.follow(true);
	for (const one of [host, guest])
		await expect.poll(() => one.links.primary(), { timeout: 20_000 }).toBeTruthy();
	return { host, guest };
}

/** What the recorder of a host gets and opens with the keys of the group. */
async function recorderOf({ media, links, epoch }: Page) {
	const keyring = new SFrameKeyring();
	const baseKey = await epoch.sframeBaseKey();
	await keyring.add({ baseKey, generation: 1, leaves: [0, 1] });
	const opened = { own: 0, received: 0 };
	const { port1, port2 } = new MessageChannel();
	const take = async (frame: PortFrame): Promise<void> => {
		if (frame.kind !== 'video') return;
		const clear = clearBytes(frame.mime, frame.key ? 'key' : 'delta') ?? 0;
		const { leaf } = await keyring.openFrame(new Uint8Array(frame.bytes), clear);
		opened[leaf === epoch.me.leaf ? 'own' : 'received']++;
	};
	port2.addEventListener('message', ({ data }: MessageEvent<PortBatch>) => {
		for (const item of data.items) if (item.type === 'frame') void take(item);
		port2.postMessage({ type: 'taken', seq: data.items.at(-1)?.seq ?? 0 });
	});
	port2.start();
	await media.recorder(port1);
	await media.fork({ on: true, own: links.primary(), mark: null });
	return opened;
}

/** Whether no picture is made for the other any more. */
async function paused({ links }: Page): Promise<boolean> {
	const [tile] = links.tiles.values();
	const stats = await links.stats(tile?.key ?? '');
	return [...(stats?.values() ?? [])].some(
		({ type, kind, active }) => type === 'outbound-rtp' && kind === 'video' && active === false,
	);
}

/** Video frames that came over the connection to the other. */
async function received({ links }: Page): Promise<number> {
	const [tile] = links.tiles.values();
	const stats = await links.stats(tile?.key ?? '');
	let frames = 0;
	for (const entry of stats?.values() ?? [])
		if (entry.type === 'inbound-rtp' && entry.kind === 'video') frames += entry.framesReceived ?? 0;
	return frames;
}

const ask = async ({ links }: Page, wanted: boolean): Promise<void> => {
	for (const key of links.tiles.keys()) await links.sendDirect(key, { type: 'pictures', wanted });
};
const grows = (count: () => number | Promise<number>, from: number) =>
	expect.poll(count, { timeout: 20_000 }).toBeGreaterThan(from + 20);

test('a host is recorded with her picture while the only other person wants sound alone, who gets none', async () => {
	const { host, guest } = await callOfTwo(true);
	const opened = await recorderOf(host);
	await grows(() => received(guest), 0);
	await ask(guest, false);
	await grows(() => opened.own, opened.own);
	const before = await received(guest);
	await grows(() => opened.own, opened.own);
	expect(await received(guest)).toBe(before);
	// She wants them again, and sees the host at once.
	await ask(guest, true);
	await grows(() => received(guest), before);
});

test('somebody is recorded with her picture while the host wants sound alone', async () => {
	const { host, guest } = await callOfTwo(true);
	const opened = await recorderOf(host);
	await ask(host, false);
	await grows(() => opened.received, opened.received);
	const before = opened.received;
	await grows(() => opened.received, before);
	expect(guest.links.tiles.size).toBe(1);
});

test('a recording begins with a picture also when nobody wanted one before', async () => {
	const { host, guest } = await callOfTwo(false);
	await grows(() => received(guest), 0);
	await ask(guest, false);
	await expect.poll(() => paused(host)).toBe(true);
	for (const one of [host, guest]) {
		one.recorder.in = true;
		await one.links.follow(false);
	}
	const opened = await recorderOf(host);
	await host.media.keyFrame();
	await host.links.keyFrame(host.links.primary() ?? '');
	await grows(() => opened.own, 0);
});
