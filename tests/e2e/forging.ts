import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Insider, reported, until } from './insider.ts';
import { participant } from './insiders.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { type Proxy, startBehind } from './proxy.ts';

// Two real browsers in a call, and a third person whose client keeps no rules.
export const host = 'Dr. Maya Okafor';
export const patient = 'Dana Whitfield';
const guests = ['Tom', 'Una', 'Vic', 'Wim'] as const;

let behind: Awaited<ReturnType<typeof startBehind>>;
export let line: Proxy;
export let maya: Person;
export let dana: Person;
/** Of Dana's browser. */
export let profile = '';
let links: string[] = [];
const inside: Insider[] = [];

/** Sets the stage for the tests of one file. */
export function stage(): void {
	beforeAll(async () => {
		behind = await startBehind(2);
		const [main, second] = behind.proxies;
		if (!main || !second) throw new Error('two proxies');
		line = second;
		profile = mkdtempSync(join(tmpdir(), 'sotto-profile-'));
		[maya, dana] = await Promise.all([
			person({ looks: looks.maya }),
			person({ looks: looks.dana, profile }),
		]);
		await setUp(maya.page, behind.server.setupUrl ?? '');
		({ links } = await newSession(maya.page, [patient, ...guests]));
		await wait(dana.page, (links[0] ?? '').replace(main.origin, line.origin));
		await maya.page.goto(main.origin);
		await connect(maya.page, patient);
		await Promise.all([sees(maya.page, patient), sees(dana.page, host)]);
	});

	afterAll(async () => {
		await Promise.all([maya?.close(), dana?.close()]);
		if (profile) rmSync(profile, { recursive: true, force: true });
		await behind?.stop();
	});

	afterEach(async () => {
		for (const one of inside.splice(0)) {
			// She may have left in the test.
			await one.socket.request({ type: 'leave' }).catch(() => {});
			one.close();
		}
		await lists([host, patient]);
		const thrown = reported.splice(0);
		if (thrown.length > 0) throw thrown[0];
	});
}

/** Comes by her link and is let in by a click. */
export async function letIn(name: (typeof guests)[number]): Promise<Insider> {
	const insider = await guest(name);
	await maya.page
		.getByRole('button', { name: `Connect ${name}` })
		.first()
		.click();
	await until('she is in the epoch', () => insider.room.epoch);
	await lists([host, patient, name]);
	return insider;
}

/** Comes by her link and waits. */
export async function guest(name: (typeof guests)[number]): Promise<Insider> {
	const insider = await participant(links[1 + guests.indexOf(name)] ?? '');
	inside.push(insider);
	return insider;
}

/** Names in the list of a page, in any order. */
async function namesOn({ page }: Person): Promise<string[]> {
	const list = page.getByRole('region', { name: 'Who can see and hear this call' });
	const rows = await list.getByRole('listitem').locator('strong').allInnerTexts();
	return rows.toSorted();
}

/** Until both pages list exactly these. */
export async function lists(names: readonly string[]): Promise<void> {
	const wanted = names.toSorted().join();
	for (const one of [maya, dana])
		await until(
			`the list is ${wanted}`,
			async () => (await namesOn(one)).join() === wanted,
			20_000,
		);
}

interface Look {
	/** Pictures of somebody that were decoded so far. */
	readonly decoded: number;
	/** Names in the list. */
	readonly names: string[];
}

function look({ page }: Person, name: string): Promise<Look> {
	return page.evaluate((label) => {
		const video = document.querySelector<HTMLVideoElement>(`video[aria-label="${label}"]`);
		const names = document.querySelectorAll<HTMLElement>('[aria-labelledby="roster"] li strong');
		return {
			decoded: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
			names: Array.from(names, (one) => one.innerText),
		};
	}, name);
}

export const decoded = async (one: Person, name: string): Promise<number> =>
	(await look(one, name)).decoded;

/** What both pages showed for some seconds: everybody who was ever listed, and the longest stop of a picture. */
export async function watch(seconds: number): Promise<{ listed: string[]; stoppedMs: number }> {
	const views = [
		{ at: maya, of: patient },
		{ at: dana, of: host },
	].map((view) => ({ ...view, count: -1, since: performance.now() }));
	const listed = new Set<string>();
	let stoppedMs = 0;
	const end = performance.now() + seconds * 1000;
	while (performance.now() < end) {
		for (const view of views) {
			const { decoded: count, names } = await look(view.at, view.of);
			for (const name of names) listed.add(name);
			if (count !== view.count) view.since = performance.now();
			view.count = count;
			stoppedMs = Math.max(stoppedMs, performance.now() - view.since);
		}
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	return { listed: [...listed].toSorted(), stoppedMs };
}

/** Waits for the end of the watch: the pictures went on. Gives everybody who was in a list for a moment. */
export async function undisturbed(watching: ReturnType<typeof watch>): Promise<string[]> {
	const { listed, stoppedMs } = await watching;
	expect(stoppedMs).toBeLessThan(stopMs);
	await lists(listed);
	return listed;
}

/** Longer than a machine that is busy with other tests stops a picture by itself. */
export const stopMs = 2500;

/** Until somebody's picture moves on a page. */
export async function moves(one: Person, name: string): Promise<void> {
	const before = await decoded(one, name);
	await until(`${name} moves again`, async () => (await decoded(one, name)) > before + 15, 30_000);
}
