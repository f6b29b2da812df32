import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { random } from '#crypto/bytes.ts';
import { PackageStore, signAdmission } from '#crypto/group/group.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { type Insider, reported, until } from './insider.ts';
import { participant } from './insiders.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { type Proxy, startBehind } from './proxy.ts';

// Two real browsers in a call, and a third person whose client keeps no rules.
const host = 'Dr. Maya Okafor';
const patient = 'Dana Whitfield';
const guests = ['Tom', 'Una', 'Vic', 'Wim'] as const;

let behind: Awaited<ReturnType<typeof startBehind>>;
let line: Proxy;
let maya: Person;
let dana: Person;
let profile = '';
let links: string[] = [];
const inside: Insider[] = [];

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

/** Comes by her link and is let in by a click. */
async function letIn(name: (typeof guests)[number]): Promise<Insider> {
	const insider = await participant(links[1 + guests.indexOf(name)] ?? '');
	inside.push(insider);
	await maya.page
		.getByRole('button', { name: `Connect ${name}` })
		.first()
		.click();
	await until('she is in the epoch', () => insider.room.epoch);
	await lists([host, patient, name]);
	return insider;
}

/** Names in the list of a page, in any order. */
async function namesOn({ page }: Person): Promise<string[]> {
	const list = page.getByRole('region', { name: 'Who can see and hear this call' });
	const rows = await list.getByRole('listitem').locator('strong').allInnerTexts();
	return rows.toSorted();
}

/** Until both pages list exactly these. */
async function lists(names: readonly string[]): Promise<void> {
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

const decoded = async (one: Person, name: string): Promise<number> =>
	(await look(one, name)).decoded;

/** What both pages showed for some seconds: everybody who was ever listed, and the longest stop of a picture. */
async function watch(seconds: number): Promise<{ listed: string[]; stoppedMs: number }> {
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

/** Waits for the end of the watch: the pictures went on, and nobody else was in the list for a moment. */
async function undisturbed(watching: ReturnType<typeof watch>, name: string): Promise<void> {
	const { listed, stoppedMs } = await watching;
	expect(stoppedMs).toBeLessThan(stopMs);
	expect(listed).toEqual([host, patient, name].toSorted());
	await lists([host, patient, name]);
}

/** Longer than a machine that is busy with other tests stops a picture by itself. */
const stopMs = 2500;

test('the pictures move while nobody does anything', async () => {
	const { listed, stoppedMs } = await watch(3);
	expect(stoppedMs).toBeLessThan(stopMs);
	expect(listed).toEqual([patient, host]);
});

test.each([
	{ named: 'everybody', name: 'Tom' },
	{ named: 'nobody else', name: 'Una' },
] as const)(
	'a garbage epoch that wins the race and names $named does not stop the call',
	async ({ named, name }) => {
		const insider = await letIn(name);
		const before = insider.room.newest;
		const seats = named === 'everybody' ? insider.room.others() : [];
		const watching = watch(6);
		expect(await insider.offer(random(900), seats)).toBe(before + 1);
		await undisturbed(watching, name);
	},
);

test('an epoch with a stranger, with and without an admission of her own making, is in nobody’s list', async () => {
	const insider = await letIn('Vic');
	const signing = await generateSigningKey();
	const { session } = insider.room.options;
	const eve = new PackageStore({ signing, session, clock: Date.now });
	const [stranger] = await eve.make(1);
	if (!stranger) throw new Error('no package');
	const self = insider.identity.signing;
	const claim = { session, key: signing.publicKey, name: 'Eve', role: 'participant' } as const;
	const admissions = [
		...insider.epoch.evidence.admissions,
		await signAdmission({ host: self, ...claim }),
	];
	const seats = insider.room.others();
	const packages = [...(await insider.take(seats)), stranger];
	const watching = watch(6);
	const context = await insider.context({ evidence: { admissions } });
	await insider.forge({ context, packages, seats });
	await undisturbed(watching, 'Vic');
});

test('an epoch without the host is taken by nobody, and the host stays', async () => {
	const insider = await letIn('Wim');
	const hosts = [...insider.room.seats.values()].find(({ kind }) => kind === 'host')?.seat;
	const seats = insider.room.others().filter((seat) => seat !== hosts);
	const packages = await insider.take(seats);
	const watching = watch(6);
	const context = await insider.context();
	await insider.forge({ context, packages, seats });
	await undisturbed(watching, 'Wim');
});

/** Three epochs, made by somebody who is allowed to. */
async function threeEpochs(insider: Insider): Promise<void> {
	const before = insider.epoch.generation;
	for (let i = 0; i < 3; i++) await insider.room.change(() => ({}));
	expect(insider.epoch.generation).toBe(before + 3);
}

async function moves(one: Person, name: string): Promise<void> {
	const before = await decoded(one, name);
	await until(`${name} moves again`, async () => (await decoded(one, name)) > before + 15, 30_000);
}

test('a page whose line was cut through three epochs comes back by itself', async () => {
	const insider = await letIn('Tom');
	line.cut();
	await until('she is missed', () => [...insider.room.seats.values()].some((one) => !one.present));
	await threeEpochs(insider);
	// She has no key of what is sealed now: her pictures stop, whatever reaches her.
	const before = await decoded(dana, host);
	await new Promise((resolve) => setTimeout(resolve, 2000));
	expect((await decoded(dana, host)) - before).toBeLessThan(15);
	line.mend();
	await Promise.all([moves(dana, host), moves(maya, patient)]);
	await lists([host, patient, 'Tom']);
});

/** The processes of the browser that has this profile. */
function processesOf(folder: string): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.filter((name) => {
			try {
				return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(folder);
			} catch (error) {
				// Ended while we looked.
				if (error instanceof Error && 'code' in error) return false;
				throw error;
			}
		})
		.map(Number);
}

test('a browser that was stopped through three epochs comes back by itself', async () => {
	const una = await letIn('Una');
	const before = una.epoch.generation;
	const processes = processesOf(profile);
	expect(processes.length).toBeGreaterThan(1);
	for (const pid of processes) process.kill(pid, 'SIGSTOP');
	try {
		// Somebody leaves, somebody comes, and she makes one: nobody waits for the one who is stopped.
		await una.socket.request({ type: 'leave' });
		const vic = await participant(links[1 + guests.indexOf('Vic')] ?? '');
		inside.push(vic);
		await maya.page.getByRole('button', { name: 'Connect Vic' }).first().click();
		await until('Vic is in', () => vic.room.epoch, 20_000);
		await until('Una is out', () => vic.names.length === 3, 20_000);
		await vic.room.change(() => ({}));
		expect(vic.epoch.generation).toBeGreaterThanOrEqual(before + 3);
	} finally {
		for (const pid of processes) process.kill(pid, 'SIGCONT');
	}
	await Promise.all([moves(dana, host), moves(maya, patient)]);
	await lists([host, patient, 'Vic']);
});
