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
	await expect.poll(() => linkOf(host), { timeout: 5000 }).toBe(linkOf(again));
	expect(linkOf(host)).not.toBe(before);
});

for (const [who, at] of [
	['the one who called', 0],
	['the one who was called', 1],
] as const)
	test(`a line that fails is tried again: ${who} notices`, async () => {
		const made: RTCPeerConnection[] = [];
		const Real = RTCPeerConnection;
		class Watched extends Real {
			constructor(config?: RTCConfiguration) {
				super(config);
				if (making === at) made.push(this);
			}
		}
		vi.stubGlobal('RTCPeerConnection', Watched);
		let making: number | undefined;
		const [hosts, guests] = await twoEpochs();
		const wire = new Wire();
		const watched = (own: 0 | 1) => ({ wire, at: own, onmake: () => (making = own) });
		const host = await page({ ...watched(0), epoch: hosts });
		const guest = await page({ ...watched(1), epoch: guests });
		await guest.links.follow(true);
		await host.links.follow(true);
		for (const one of [host, guest])
			await expect.poll(() => one.links.primary(), { timeout: 20_000 }).toBeTruthy();
		const before = host.links.primary();
		const tile = () => [...(at === 0 ? host : guest).links.tiles.values()][0];
		const seen: (string | undefined)[] = [];
		const looking = setInterval(() => seen.push(tile()?.link), 20);
		// As a browser says it when ICE has tried everything.
		const connection = made.at(-1);
		if (!connection) throw new Error('no connection');
		Object.defineProperty(connection, 'iceConnectionState', { value: 'failed' });
		connection.dispatchEvent(new Event('iceconnectionstatechange'));
		await expect.poll(() => tile()?.link, { timeout: 20_000 }).toBe('connected');
		await expect
			.poll(() => [host, guest].every(({ links }) => ![before, null].includes(links.primary())), {
				timeout: 20_000,
			})
			.toBe(true);
		clearInterval(looking);
		vi.unstubAllGlobals();
		expect(seen).toContain('lost');
		expect(host.links.primary()).toBe(guest.links.primary());
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
