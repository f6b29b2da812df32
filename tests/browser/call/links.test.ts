import { afterEach, expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import {
	type Epoch,
	PackageStore,
	joinEpoch,
	makeEpoch,
	noEvidence,
	signAdmission,
} from '#crypto/group/group.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { Devices } from '#lib/call/devices.svelte.ts';
import { Links } from '#lib/call/links.svelte.ts';
import { Media } from '#lib/call/media.ts';
import { type Envelope, decodeCallMessage, encodeCallMessage } from '#lib/call/messages.ts';
import { devices as openDevices, seats } from './pair.ts';

// The connections of two pages that hold the same keys; what they signal goes straight from one to the other.
vi.setConfig({ testTimeout: 60_000 });
const closing: (() => void)[] = [];
afterEach(() => {
	for (const close of closing.splice(0)) close();
});

async function twoEpochs(): Promise<[Epoch, Epoch]> {
	const [host, guest] = [await generateSigningKey(), await generateSigningKey()];
	const session = toBase64url(random(16));
	const store = (signing: typeof host) => new PackageStore({ signing, session, clock: Date.now });
	const [hostStore, guestStore] = [store(host), store(guest)];
	const admission = { host, session, name: 'Dana Whitfield', role: 'participant' } as const;
	const admissions = [await signAdmission({ ...admission, key: guest.publicKey })];
	const place = { session, hostKey: host.publicKey, previous: undefined, generation: 1 };
	const { epoch, welcome } = await makeEpoch({
		...place,
		store: hostStore,
		packages: await guestStore.make(1),
		evidence: { ...noEvidence, admissions },
	});
	return [epoch, await joinEpoch({ ...place, store: guestStore, welcome })];
}

/** What one page says, to whichever page is on the other seat now. */
class Wire {
	readonly pages: [Page | undefined, Page | undefined] = [undefined, undefined];

	async carry(from: 0 | 1, envelope: Envelope): Promise<void> {
		const other = this.pages[from === 0 ? 1 : 0];
		if (!other) return;
		const { sender, plaintext } = await other.epoch.open(envelope.sealed);
		other.links.hear(sender, decodeCallMessage(plaintext));
	}
}

interface Page {
	readonly epoch: Epoch;
	readonly links: Links;
	readonly media: Media;
	readonly devices: Devices;
}

interface PageOptions {
	readonly wire: Wire;
	readonly at: 0 | 1;
	readonly epoch: Epoch;
	/** Runs in the very turn in which a connection is made, after everything for it was read. */
	readonly onmake?: (devices: Devices) => void;
}

async function page({ wire, at, epoch, onmake }: PageOptions): Promise<Page> {
	const media = new Media();
	const devices = new Devices();
	let asked = 0;
	const room = {
		epoch,
		leaves: seats.slice(0, 2),
		others: () => [seats[at === 0 ? 1 : 0]],
		seal: async (message: Parameters<typeof encodeCallMessage>[0]) => ({
			generation: 1,
			sealed: await epoch.seal(encodeCallMessage(message)),
		}),
		relay: (envelope: Envelope) => wire.carry(at, envelope),
		open: (_from: string, envelope: Envelope) => wire.carry(at === 0 ? 1 : 0, envelope),
	};
	const links = new Links({
		room,
		media,
		devices,
		config: async () => {
			// The first is for warming up.
			if (asked++ === 0) return {};
			return {
				get iceServers() {
					onmake?.(devices);
					return [];
				},
			};
		},
		onlinks: () => {},
		onconnect: () => {},
	});
	const baseKey = await epoch.sframeBaseKey();
	await media.epoch({ generation: 1, baseKey, leaf: epoch.me.leaf, seats: seats.slice(0, 2) });
	await media.use(1);
	closing.push(() => {
		links.close();
		media.close();
		devices.close();
	});
	const made = { epoch, links, media, devices };
	wire.pages[at] = made;
	return made;
}

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
