import { afterEach, expect, test, vi } from 'vitest';
import { closePages, type Page, Wire, page, twoEpochs } from './pages.ts';
import { devices as openDevices } from './pair.ts';

vi.setConfig({ testTimeout: 60_000 });
afterEach(closePages);

test('a camera that opens in the middle of making the connection is sent over it', async () => {
	const tracks = await openDevices();
	const [hosts, guests] = await twoEpochs();
	const wire = new Wire();
	const host = await page({
		wire,
		at: 0,
		epoch: hosts,
		onmake: (devices) => {
			devices.video = tracks.video;
			devices.changed('video', tracks.video);
		},
	});
	const guest = await page({ wire, at: 1, epoch: guests });
	await guest.links.follow(true);
	await host.links.follow(true);
	const opened = async () => (await guest.media.counts()).opened;
	await expect.poll(opened, { timeout: 20_000 }).toBeGreaterThan(20);
});

test('whoever was loaded again is called again, also by a page that was loaded again before', async () => {
	const [hosts, guests] = await twoEpochs();
	const wire = new Wire();
	const linkOf = ({ links }: Page): string | null => links.primary();
	const connected = (one: Page) => expect.poll(() => linkOf(one), { timeout: 20_000 }).toBeTruthy();
	const first = await page({ wire, at: 0, epoch: hosts });
	const guest = await page({ wire, at: 1, epoch: guests });
	await guest.links.follow(true);
	await first.links.follow(true);
	await connected(guest);
	// The host's page is loaded again: she makes a connection of her own, and the guest hears that.
	const host = await page({ wire, at: 0, epoch: hosts });
	await host.links.follow(true);
	await connected(host);
	const before = linkOf(host);
	// Now the guest's: the old connection still looks well to the host.
	const again = await page({ wire, at: 1, epoch: guests });
	await again.links.follow(true);
	await expect.poll(() => linkOf(again), { timeout: 5000 }).toBeTruthy();
	expect(linkOf(host)).not.toBe(before);
	expect(linkOf(host)).toBe(linkOf(again));
});

test('neither side tells the network how loud a voice is', async () => {
	const [hosts, guests] = await twoEpochs();
	const wire = new Wire();
	const described = vi.spyOn(RTCPeerConnection.prototype, 'setLocalDescription');
	const host = await page({ wire, at: 0, epoch: hosts });
	const guest = await page({ wire, at: 1, epoch: guests });
	await guest.links.follow(true);
	await host.links.follow(true);
	await expect.poll(() => guest.links.primary(), { timeout: 20_000 }).toBeTruthy();
	const said = described.mock.calls.map(([description]) => description?.sdp);
	vi.restoreAllMocks();
	expect(said).toHaveLength(2);
	for (const sdp of said) {
		expect(sdp).toContain('opus');
		expect(sdp).not.toContain('audio-level');
	}
});
