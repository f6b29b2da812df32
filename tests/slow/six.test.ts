import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { made } from '../films.ts';
import { audioFile, looks } from '../e2e/media.ts';
import {
	type Person,
	colourOf,
	connect,
	isColour,
	newSession,
	person,
	setUp,
	wait,
} from '../e2e/people.ts';
import { type TestServer, startServer } from '../server.ts';
import {
	connections,
	decoded,
	heard,
	keepConnections,
	longestPauses,
	sent,
	stillStand,
} from './senses.ts';

/** Six browsers share what cores there are: everything comes, but not at once. */
const patience = { timeout: 120_000, interval: 1000 };
vi.setConfig({ testTimeout: 600_000 });
/** Colour and tone are what each is known by. The host's camera gives more than is sent among many; the others' are easy on the machine. */
const cast = [
	{ name: 'Dr. Maya Okafor', look: looks.maya, size: '640x360', rate: 20 },
	{ name: 'Ines Becker', look: looks.dana, size: '320x180', rate: 5 },
	{ name: 'Tom Becker', look: looks.tom, size: '320x180', rate: 5 },
	{ name: 'Sam Lindqvist', look: { colour: '0xc0392b', tone: 720 }, size: '320x180', rate: 5 },
	{ name: 'Joana Reis', look: { colour: '0xe0b020', tone: 1450 }, size: '320x180', rate: 5 },
	{ name: 'Noor Haddad', look: { colour: '0x303030', tone: 2900 }, size: '320x180', rate: 5 },
] as const;
type Role = (typeof cast)[number];

type Member = Role &
	Person & {
		/** Her seat, and the newest epoch that the server announced to her. */
		readonly seen: { seat: string; seats: readonly string[]; generation: number };
	};

let server: TestServer;
let all: Member[];
let links: string[];

/** A moving picture whose file says its own rate, which an MJPEG does not. */
function camera({ look, size, rate }: Role): string {
	const [width = 0, height = 0] = size.split('x').map(Number);
	const base = `color=c=${look.colour}:s=${size}:r=${rate}:d=5`;
	const bar = `color=c=white:s=${width / 20}x${height / 3}:r=${rate}:d=5`;
	const graph = `[0][1]overlay=x='mod(t*${width / 5},${width})':y=${height / 3},format=yuv420p`;
	const inputs = ['-f', 'lavfi', '-i', base, '-f', 'lavfi', '-i', bar];
	const name = `${look.colour}-${size}-${rate}.y4m`;
	return made(name, [...inputs, '-filter_complex', graph, '-f', 'yuv4mpegpipe']);
}

async function member(role: Role): Promise<Member> {
	const one = await person({
		args: [
			`--use-file-for-fake-video-capture=${camera(role)}`,
			`--use-file-for-fake-audio-capture=${audioFile(role.look)}`,
		],
		width: 500,
		height: 400,
	});
	one.context.setDefaultTimeout(patience.timeout);
	await one.context.addInitScript(keepConnections);
	const seen = { seat: '', seats: [] as readonly string[], generation: 0 };
	one.page.on('websocket', (socket) => {
		socket.on('framereceived', ({ payload }) => {
			const message = JSON.parse(payload.toString());
			if (message.type === 'room') seen.seat = message.seat;
			if (message.type === 'epoch') Object.assign(seen, message);
		});
	});
	return { ...role, ...one, seen };
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const namesOf = (present: readonly Member[], but: Member): string[] =>
	present.filter((one) => one !== but).map(({ name }) => name);

/** Until everybody's pictures come in at everybody else's, and are hers. */
async function seeEachOther(present: readonly Member[]): Promise<void> {
	const sees = async (one: Member): Promise<void> => {
		const names = namesOf(present, one);
		const before = await one.page.evaluate(decoded, names);
		await vi.waitFor(async () => {
			const now = await one.page.evaluate(decoded, names);
			const still = names.filter((name) => (now[name] ?? 0) - (before[name] ?? 0) <= 10);
			expect([one.name, ...still]).toEqual([one.name]);
		}, patience);
		for (const { name, look } of present.filter((other) => other !== one)) {
			const colour = await colourOf(one.page, name);
			const right = isColour(colour, look);
			expect({ who: one.name, name, colour, right }).toMatchObject({ right: true });
		}
	};
	await Promise.all(present.map(sees));
}

/** Until everybody hears the tone of each of the others from her place. */
async function hearEachOther(present: readonly Member[]): Promise<void> {
	for (const one of present)
		await vi.waitFor(async () => {
			const tones = await one.page.evaluate(heard, { names: namesOf(present, one), ms: 1200 });
			const wrong = present
				.filter((other) => other !== one)
				.filter(({ name, look }) => Math.abs((tones[name] ?? 0) - look.tone) >= 40);
			expect({ tones, wrong: wrong.map(({ name }) => name) }).toMatchObject({ wrong: [] });
		}, patience);
}

/** Everybody's list of members has these names, and no other. */
async function listed(present: readonly Member[]): Promise<void> {
	for (const { page } of present) {
		const roster = page.getByRole('region', { name: 'Who can see and hear this call' });
		await roster.getByText(`${present.length} members hold the key to this call.`).waitFor();
		const rows = await roster.getByRole('listitem').allInnerTexts();
		expect(rows).toHaveLength(present.length);
		for (const { name } of present)
			expect(rows.filter((row) => row.includes(name))).toHaveLength(1);
	}
}

/** Above four, nobody sends more than 320x180 at 15 pictures a second to anybody. */
async function sendLittle(present: readonly Member[]): Promise<void> {
	await vi.waitFor(async () => {
		for (const { page, name } of present) {
			const before = await page.evaluate(sent);
			await page.waitForTimeout(2000);
			const after = await page.evaluate(sent);
			expect(after).toHaveLength(present.length - 1);
			const sizes = after.map(({ width, height, frames, at: time }, at) => {
				const past = before[at];
				const rate = past ? ((frames - past.frames) * 1000) / (time - past.at) : 0;
				return { width, height, rate };
			});
			const wrong = sizes.filter(
				({ width, height, rate }) =>
					// Encoders count in whole pictures.
					width > 320 || height > 180 || rate > 16.5 || rate <= 0,
			);
			expect({ name, wrong }).toEqual({ name, wrong: [] });
		}
	}, patience);
}

async function admit({ page }: Member, name: string): Promise<void> {
	await button(page, `Connect ${name}`).click();
	await page.locator('main').getByRole('group', { name, exact: true }).first().waitFor();
}

beforeAll(async () => {
	server = await startServer();
	all = [];
	for (const role of cast) all.push(await member(role));
	const [maya] = all;
	if (!maya) throw new Error('nobody');
	await setUp(maya.page, server.setupUrl ?? '');
	({ links } = await newSession(
		maya.page,
		cast.slice(1).map(({ name }) => name),
	));
});

afterAll(async () => {
	await Promise.all((all ?? []).map((one) => one.close()));
	await server?.stop();
});

afterEach(() => {
	const wrong = all.flatMap(({ complaints }) => complaints.splice(0));
	if (wrong.length > 0) throw new Error(wrong.join('\n'));
});

test('two see each other large, and five see each other small', async () => {
	const [maya, first, ...others] = all.slice(0, 5);
	if (!maya || !first) throw new Error('nobody');
	await wait(first.page, links[0] ?? '');
	await maya.page.goto(server.address);
	await connect(maya.page, first.name);
	await vi.waitFor(
		async () => expect((await maya.page.evaluate(sent))[0]?.width).toBeGreaterThan(320),
		patience,
	);
	for (const [at, other] of others.entries()) {
		await wait(other.page, links[at + 1] ?? '');
		await admit(maya, other.name);
	}
	const present = all.slice(0, 5);
	await seeEachOther(present);
	await hearEachOther(present);
	await sendLittle(present);
	await listed(present);
});

test('the sixth arrives late, and interrupts nobody', async () => {
	const [maya, ...rest] = all;
	const late = rest.at(-1);
	if (!maya || !late) throw new Error('nobody');
	const there = all.slice(0, 5);
	const standing = await Promise.all(there.map(({ page }) => page.evaluate(connections)));
	const pauses = async (until: string, most: number): Promise<number> => {
		const ask = (one: Member) => ({ names: namesOf(there, one), until, most });
		const asked = there.map((one) => one.page.evaluate(longestPauses, ask(one)));
		return Math.max(...(await Promise.all(asked)).flatMap((longest) => Object.values(longest)));
	};
	// As they are when nobody comes: a busy machine has its own.
	const usual = await pauses('nobody', 10_000);
	const during = pauses(late.name, patience.timeout);
	await wait(late.page, links[4] ?? '');
	await admit(maya, late.name);
	expect(await during).toBeLessThan(5000 + usual);
	await seeEachOther(all);
	await hearEachOther(all);
	await sendLittle(all);
	await listed(all);
	for (const [at, { page }] of there.entries())
		expect(await page.evaluate(stillStand, standing[at] ?? [])).toBe(true);
});

test('one leaves, the others go on, and the next epoch is without her', async () => {
	const leaver = all[2];
	const there = all.filter((one) => one !== leaver);
	if (!leaver) throw new Error('nobody');
	const before = Math.max(...all.map(({ seen }) => seen.generation));
	await button(leaver.page, 'Leave').click();
	await Promise.all(
		there.map(({ page }) =>
			page.getByRole('log', { name: 'What happened' }).getByText(`${leaver.name} left`).waitFor(),
		),
	);
	await seeEachOther(there);
	await hearEachOther(there);
	await listed(there);
	await vi.waitFor(() => {
		// Whoever made the epoch is not told of it.
		const newest = all.map(({ seen }) => seen).toSorted((a, b) => b.generation - a.generation)[0];
		expect(newest?.generation).toBeGreaterThan(before);
		expect(newest?.seats).not.toContain(leaver.seen.seat);
		for (const { seen } of there) expect(newest?.seats).toContain(seen.seat);
	}, patience);
	expect(leaver.seen.generation).toBeLessThanOrEqual(before);
	expect(await leaver.page.evaluate(connections)).toEqual([]);
});
