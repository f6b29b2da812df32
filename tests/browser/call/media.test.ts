import { afterEach, expect, test, vi } from 'vitest';
import { SFrameKeyring, clearBytes } from '#crypto/sframe/sframe.ts';
import { type End, Modified, closeAll, devices, end, newKey, pair, seats } from './pair.ts';

// The fail-open catalogue for frames, on the app's own connection and media worker in a real browser.
vi.setConfig({ testTimeout: 60_000 });
afterEach(closeAll);

const people = seats.slice(0, 2);
type Keys = Parameters<End['media']['epoch']>[0];
const keysOf = (leaf: number, more: Partial<Keys> = {}): Keys => ({
	generation: 1,
	baseKey: newKey(),
	leaf,
	seats: people,
	...more,
});

async function sealing({ media }: End, keys: Keys): Promise<void> {
	await media.epoch(keys);
	await media.use(keys.generation);
}

const decodes = (b: End, more = 10) =>
	expect.poll(async () => (await b.frames()).decoded, { timeout: 20_000 }).toBeGreaterThan(more);
const opens = (b: End, more = 50) =>
	expect
		.poll(async () => (await b.media.counts()).opened, { timeout: 20_000 })
		.toBeGreaterThan(more);
/** Waits until so many frames of the other end came and were dropped. */
const drops = (b: End, more = 60) =>
	expect
		.poll(
			async () => {
				const { unknown, refused } = await b.media.counts();
				return unknown + refused;
			},
			{ timeout: 20_000 },
		)
		.toBeGreaterThan(more);

/** Frames that were opened for the decoder, and that it took. */
async function taken(b: End): Promise<{ opened: number; decoded: number }> {
	const { opened } = await b.media.counts();
	const { decoded } = await b.frames();
	return { opened, decoded };
}
const nothing = { opened: 0, decoded: 0 };

test('with the keys of the epoch, sound and picture are opened', async () => {
	const { a, b } = await pair();
	const { baseKey } = keysOf(0);
	await b.media.epoch(keysOf(1, { baseKey }));
	await sealing(a, keysOf(0, { baseKey }));
	await decodes(b);
	await opens(b);
	expect(await b.media.counts()).toMatchObject({ refused: 0 });
});

test('a page without a key of the epoch decodes 0 frames', async () => {
	const { a, b } = await pair();
	await sealing(a, keysOf(0));
	await drops(b);
	expect(await taken(b)).toEqual(nothing);
	expect((await b.frames()).packets).toBeGreaterThan(10);
});

test('a page with the key of another epoch, or another group, decodes 0 frames', async () => {
	const { a, b } = await pair();
	await b.media.epoch(keysOf(1));
	await b.media.epoch(keysOf(1, { generation: 2 }));
	await sealing(a, keysOf(0));
	await drops(b);
	expect(await taken(b)).toEqual(nothing);
});

test('whoever missed the new epoch decodes nothing from the switch on, and everything again with its keys', async () => {
	const { a, b } = await pair();
	const [first, second] = [newKey(), newKey()];
	await b.media.epoch(keysOf(1, { baseKey: first }));
	await sealing(a, keysOf(0, { baseKey: first }));
	await decodes(b);
	await sealing(a, keysOf(0, { baseKey: second, generation: 2 }));
	await drops(b, 5);
	const { opened } = await b.media.counts();
	await drops(b, 60);
	expect((await b.media.counts()).opened).toBe(opened);
	await b.media.epoch(keysOf(1, { baseKey: second, generation: 2 }));
	await opens(b, opened + 30);
});

test('no key, no frame: nothing is sent before there is one', async () => {
	const { a, b } = await pair();
	await expect
		.poll(async () => (await a.media.counts()).held, { timeout: 20_000 })
		.toBeGreaterThan(60);
	expect(await a.media.counts()).toMatchObject({ sealed: 0, forked: 0 });
	expect(await b.media.counts()).toMatchObject({ opened: 0, unknown: 0, refused: 0 });
	expect(await b.frames()).toMatchObject({ decoded: 0, received: 0 });
});

test('held: from this very turn on nothing is sealed, until there is a key to use again', async () => {
	const { a, b } = await pair();
	const baseKey = newKey();
	await b.media.epoch(keysOf(1, { baseKey }));
	await sealing(a, keysOf(0, { baseKey }));
	await opens(b);
	await a.media.hold();
	const { sealed, held } = await a.media.counts();
	await expect
		.poll(async () => (await a.media.counts()).held, { timeout: 20_000 })
		.toBeGreaterThan(held + 60);
	expect((await a.media.counts()).sealed).toBe(sealed);
	await a.media.use(1);
	await opens(b, sealed + 20);
});

test('frames that a modified peer sends unsealed are dropped, each of them', async () => {
	const tracks = await devices();
	const plain = new Modified('nothing');
	const b = await end({
		initiator: false,
		other: seats[0],
		to: (data) => void plain.hear(data),
	});
	plain.to = (data) => b.peer.signal(data);
	await b.media.epoch(keysOf(1));
	await plain.call([tracks.audio, tracks.video]);
	await drops(b);
	expect(await taken(b)).toEqual(nothing);
	expect((await b.frames()).packets).toBeGreaterThan(10);
});

test('silence in the clear does not pass either', async () => {
	const { audio } = await devices();
	const silent = new Modified('silence');
	const b = await end({
		initiator: false,
		other: seats[0],
		to: (data) => void silent.hear(data),
	});
	silent.to = (data) => b.peer.signal(data);
	await b.media.epoch(keysOf(1));
	await silent.call([audio]);
	await drops(b);
	expect(await taken(b)).toEqual(nothing);
});

test('a muted microphone sends sealed frames like any other', async () => {
	const tracks = await devices();
	tracks.audio.enabled = false;
	const looking = new Modified('look');
	const a = await end({
		initiator: true,
		other: seats[1],
		tracks,
		to: (data) => void looking.hear(data),
	});
	looking.to = (data) => a.peer.signal(data);
	const baseKey = newKey();
	await sealing(a, keysOf(0, { baseKey }));
	const heard = () => looking.seen.filter(({ mimeType }) => mimeType === 'audio/opus');
	await expect.poll(() => heard().length, { timeout: 20_000 }).toBeGreaterThan(40);
	await expect.poll(() => looking.seen.length - heard().length).toBeGreaterThan(5);
	const keyring = new SFrameKeyring();
	await keyring.add({ baseKey, generation: 1, leaves: [0] });
	for (const { mimeType, type, bytes } of looking.seen) {
		const opened = await keyring.openFrame(new Uint8Array(bytes), clearBytes(mimeType, type) ?? 0);
		expect(opened.leaf).toBe(0);
	}
});

test("frames under another member's key are not shown as hers whose connection it is", async () => {
	const { a, b } = await pair();
	const baseKey = newKey();
	await b.media.epoch(keysOf(1, { baseKey, seats }));
	// A is in the group on leaf 2, and B knows that connection as that of leaf 0.
	await sealing(a, keysOf(2, { baseKey, seats }));
	await drops(b);
	expect(await taken(b)).toEqual(nothing);
});

test('no word of the server turns the seals off', async () => {
	const made: (RTCConfiguration | undefined)[] = [];
	const Real = RTCPeerConnection;
	class Watched extends Real {
		constructor(config?: RTCConfiguration) {
			super(config);
			made.push(config);
		}
	}
	vi.stubGlobal('RTCPeerConnection', Watched);
	const flags = { encodedInsertableStreams: false, encrypted: false, sframe: false };
	const { a, b } = await pair({ iceServers: [], ...flags });
	vi.unstubAllGlobals();
	expect(made.length).toBeGreaterThan(1);
	for (const config of made) expect(config).toMatchObject({ encodedInsertableStreams: true });
	await sealing(a, keysOf(0));
	await drops(b);
	expect(await taken(b)).toEqual(nothing);
});

test('the recorder gets no frame before its fork is opened, and none after it is closed', async () => {
	const { a, b } = await pair();
	const baseKey = newKey();
	await b.media.epoch(keysOf(1, { baseKey }));
	await sealing(a, keysOf(0, { baseKey }));
	const { port1, port2 } = new MessageChannel();
	let frames = 0;
	port2.addEventListener('message', ({ data }) => {
		for (const { type } of data.items) if (type === 'frame') frames++;
		port2.postMessage({ type: 'taken', seq: data.items.at(-1).seq });
	});
	port2.start();
	await b.media.recorder(port1);
	await opens(b, 60);
	expect(frames).toBe(0);
	await b.media.fork({ on: true, own: null, mark: 'resume' });
	await expect.poll(() => frames, { timeout: 20_000 }).toBeGreaterThan(30);
	await b.media.fork({ on: false, own: null, mark: 'pause' });
	const { forked, opened } = await b.media.counts();
	await opens(b, opened + 60);
	expect((await b.media.counts()).forked).toBe(forked);
	expect(frames).toBeLessThanOrEqual(forked);
});

test('asking for a key frame is over also where the connection is ending', async () => {
	const { a, b } = await pair();
	const { baseKey } = keysOf(0);
	await b.media.epoch(keysOf(1, { baseKey }));
	await sealing(a, keysOf(0, { baseKey }));
	await decodes(b);
	const asked = [b.media.keyFrame(), a.peer.sendKeyFrame()];
	b.peer.close();
	a.peer.close();
	await expect(Promise.all(asked)).resolves.toHaveLength(2);
});
