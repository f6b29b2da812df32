import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Insider, reported, until } from '../e2e/insider.ts';
import { participant } from '../e2e/insiders.ts';
import { looks } from '../e2e/media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from '../e2e/people.ts';
import { type Proxy, startBehind } from '../e2e/proxy.ts';
import { Tap } from '../e2e/tap.ts';

// Who holds a key sees and hears; who holds none gets nothing that could be seen or heard. One browser shows it by
// itself in tests/browser/call/media.test.ts.
const host = 'Dr. Maya Okafor';
const patient = 'Dana Whitfield';

let behind: Awaited<ReturnType<typeof startBehind>>;
let main: Proxy;
let line: Proxy;
let maya: Person;
let dana: Person;
let tomsBrowser: Person;
let links: string[] = [];
const printed: string[] = [];
const inside: Insider[] = [];

beforeAll(async () => {
	behind = await startBehind(2);
	const [first, second] = behind.proxies;
	if (!first || !second) throw new Error('two proxies');
	[main, line] = [first, second];
	[maya, dana, tomsBrowser] = await Promise.all([
		person({ looks: looks.maya }),
		person({ looks: looks.dana }),
		person({ looks: looks.tom }),
	]);
	for (const { page } of [maya, dana])
		page.on('console', (message) => printed.push(`${message.type()}: ${message.text()}`));
	await setUp(maya.page, behind.server.setupUrl ?? '');
	({ links } = await newSession(maya.page, [patient, 'Tom', 'Una']));
	await wait(dana.page, (links[0] ?? '').replace(main.origin, line.origin));
	await maya.page.goto(main.origin);
	await connect(maya.page, patient);
	await Promise.all([sees(maya.page, patient), sees(dana.page, host)]);
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close(), tomsBrowser?.close()]);
	await behind?.stop();
});

afterEach(() => {
	for (const one of inside.splice(0)) one.close();
	const thrown = reported.splice(0);
	if (thrown.length > 0) throw thrown[0];
});

async function come(link: string | undefined): Promise<Insider> {
	const insider = await participant(link ?? '');
	inside.push(insider);
	return insider;
}

/** Pictures of somebody that were decoded so far. */
function decoded({ page }: Person, name: string): Promise<number> {
	return page.evaluate((label) => {
		const video = document.querySelector<HTMLVideoElement>(`video[aria-label="${label}"]`);
		return video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
	}, name);
}

async function moves(one: Person, name: string): Promise<void> {
	const before = await decoded(one, name);
	await until(`${name} moves`, async () => (await decoded(one, name)) > before + 15, 30_000);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const sum = (counts: ReadonlyMap<number, number>) =>
	[...counts.values()].reduce((all, count) => all + count, 0);

test('a page that missed the new keys decodes 0 frames of what still reaches it', async () => {
	line.cut();
	await until('the server misses her', async () =>
		maya.page
			.getByRole('region', { name: 'Who can see and hear this call' })
			.getByText('Connection lost')
			.count(),
	).catch(() => {});
	// Letting somebody in makes an epoch, which the one with the cut line cannot hear of.
	const una = await come(links[2]);
	await maya.page.getByRole('button', { name: 'Connect Una' }).first().click();
	await until('Una is in', () => una.room.epoch);
	await pause(1500);
	const before = await decoded(dana, host);
	await pause(3000);
	expect((await decoded(dana, host)) - before).toBe(0);
	line.mend();
	await Promise.all([moves(dana, host), moves(maya, patient)]);
	await una.socket.request({ type: 'leave' });
});

test('a modified page is neither decoded when it sends in the clear, nor served when it was taken out', async () => {
	const tom = await come(links[1]);
	const tap = await Tap.of(tom, tomsBrowser, main.origin);
	await maya.page.getByRole('button', { name: 'Connect Tom' }).first().click();
	await until('Tom is in', () => tom.room.epoch);
	// With the keys of the epoch everything opens: so the tap works, and what it gets is sealed.
	let frames = await tap.during(1000);
	await until('frames come', async () => {
		frames = await tap.during(1000);
		return frames.length > 40;
	});
	const newest = tom.held.at(-1)?.epoch.generation ?? 0;
	expect((await tap.opened(frames)).get(newest)).toBe(frames.length);
	for (const one of [maya, dana]) expect(await decoded(one, 'Tom')).toBe(0);
	await maya.page.getByRole('button', { name: 'Remove Tom' }).click();
	await maya.page.getByRole('button', { name: 'Take out' }).click();
	await until('Tom is told', () => tom.over === 'removed');
	await pause(1000);
	const after = await tap.during(3000);
	expect(sum(await tap.opened(after))).toBe(0);
	await Promise.all([moves(dana, host), moves(maya, patient)]);
	expect(await decoded(maya, 'Tom')).toBe(0);
});

test('nothing was printed to a console, by either page, in the whole call', () => {
	// Chromium itself reports the line that was cut.
	const own = printed.filter((text) => !/Failed to load|net::ERR|WebSocket connection/.test(text));
	expect(own).toEqual([]);
});
