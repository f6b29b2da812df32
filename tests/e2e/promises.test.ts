import { afterAll, beforeAll, expect, test } from 'vitest';
import { random } from '#crypto/bytes.ts';
import { decodeLinkFragment, encodeLinkFragment } from '#crypto/proof/fragment.ts';
import { type TestServer, startServer } from '../server.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { type Page, expect as expectThat } from './playwright.ts';

// Sentences of a screen that no other test holds to their word (docs/claims.md).
const name = 'Dana Whitfield';

let server: TestServer;
let maya: Person;
let dana: Person;

beforeAll(async () => {
	server = await startServer();
	[maya, dana] = await Promise.all([person({ looks: looks.maya }), person({ looks: looks.dana })]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close()]);
	await server?.stop();
});

/** A link of a new session; the host is in its call, alone. */
async function newLink(): Promise<string> {
	await maya.page.goto(server.address);
	const { id, links } = await newSession(maya.page, [name]);
	await maya.page.goto(`${server.address}/call/${id}`);
	return links[0] ?? '';
}

/** A fresh page, and whether it opened a socket. */
async function stranger(): Promise<{ page: Page; sockets: string[] }> {
	const page = await dana.context.newPage();
	const sockets: string[] = [];
	page.on('websocket', (socket) => sockets.push(socket.url()));
	return { page, sockets };
}

async function meet(link: string): Promise<void> {
	await wait(dana.page, link);
	await connect(maya.page, name);
	await Promise.all([sees(maya.page, name), sees(dana.page, 'Dr. Maya Okafor')]);
}

const roster = (one: Person) =>
	one.page.getByRole('region', { name: 'Who can see and hear this call' });

async function leave(): Promise<void> {
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await expectThat(dana.page.getByRole('heading', { name: 'You left the call' })).toBeVisible();
}

test('a link that names other keys than the server is not followed', async () => {
	const url = new URL(await newLink());
	const { secret } = decodeLinkFragment(url.hash);
	url.hash = encodeLinkFragment({ secret, hostFingerprint: random(32) });
	const { page, sockets } = await stranger();
	await page.goto(url.href);
	await expectThat(page.getByText('This link was made by somebody else’s keys')).toBeVisible();
	expect(sockets).toEqual([]);
	await page.close();
});

test('a link without its private part leads to the waiting room, and nobody is said to be checked', async () => {
	const url = new URL(await newLink());
	url.hash = '';
	await dana.page.goto(url.href);
	await dana.page.getByRole('textbox', { name: 'Your name' }).fill(name);
	await dana.page.getByRole('button', { name: 'Wait for Dr. Maya Okafor' }).click();
	await expectThat(
		dana.page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' }),
	).toBeVisible();
	await connect(maya.page, name);
	for (const one of [maya, dana]) {
		await expectThat(roster(one).getByText('Encrypted, identity not checked')).toBeVisible();
		expect(await roster(one).getByText('Joined with your private link').count()).toBe(0);
	}
	await leave();
	await dana.page.getByRole('button', { name: 'Forget me on this device' }).click();
	await expectThat(dana.page.getByText('This device has forgotten you')).toBeVisible();
});

interface Kept {
	readonly peers: RTCPeerConnection[];
	readonly tracks: MediaStreamTrack[];
}

declare global {
	// oxlint-disable-next-line no-var
	var kept: Kept | undefined;
}

/** Remembers every connection and every track of the page, from before its first script on. */
function remember(): void {
	const kept: Kept = { peers: [], tracks: [] };
	globalThis.kept = kept;
	const Peer = globalThis.RTCPeerConnection;
	Object.assign(globalThis, {
		RTCPeerConnection: class extends Peer {
			constructor(configuration?: RTCConfiguration) {
				super(configuration);
				kept.peers.push(this);
			}
		},
	});
	const { mediaDevices } = navigator;
	const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
	mediaDevices.getUserMedia = async (constraints) => {
		const stream = await getUserMedia(constraints);
		kept.tracks.push(...stream.getTracks());
		return stream;
	};
}

test('whoever left sends nothing more, and the camera is off', async () => {
	await dana.context.addInitScript(remember);
	await meet(await newLink());
	const states = () =>
		dana.page.evaluate(() => {
			const { peers = [], tracks = [] } = globalThis.kept ?? {};
			return {
				peers: peers.map((peer) => peer.connectionState),
				tracks: tracks.map((track) => track.readyState),
			};
		});
	const before = await states();
	expect(before.peers).toContain('connected');
	expect(before.tracks).toContain('live');
	await leave();
	const after = await states();
	expect(new Set(after.peers)).toEqual(new Set(['closed']));
	expect(new Set(after.tracks)).toEqual(new Set(['ended']));
});

test('the same browser is known again, and after Forget me it is another one', async () => {
	await meet(await newLink());
	await expectThat(roster(maya).getByText(/Same browser as on/)).toBeVisible();
	const stored = () =>
		dana.page.evaluate(async () => {
			const { promise, resolve, reject } = Promise.withResolvers<string[]>();
			const opening = indexedDB.open('sotto-call');
			opening.addEventListener('error', () => reject(new Error('no database')));
			opening.addEventListener('success', () => {
				const keys = opening.result.transaction('shelf').objectStore('shelf').getAllKeys();
				keys.addEventListener('success', () => resolve(keys.result.map(String)));
			});
			return promise;
		});
	expect((await stored()).some((key) => key.startsWith('identity '))).toBe(true);
	await leave();
	await dana.page.getByRole('button', { name: 'Forget me on this device' }).click();
	await expectThat(dana.page.getByText('This device has forgotten you')).toBeVisible();
	expect((await stored()).filter((key) => /^(?:identity|pin) /.test(key))).toEqual([]);
	await meet(await newLink());
	await expectThat(
		roster(maya).getByText('Last time it was a different key.', { exact: false }),
	).toBeVisible();
	expect(
		await roster(maya)
			.getByText(/Same browser as on/)
			.count(),
	).toBe(0);
});
