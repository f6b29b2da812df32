/** What the dashboard needs for a long day: 1,000 sessions today, and 200 people who wait at once. */
import type { Page } from 'playwright-core';
import { encodePlace, encodeSession } from '#lib/schedule/contents.ts';
import { sealText } from '#lib/schedule/sealed.ts';
import { signContents } from '#lib/schedule/signed.ts';
import { fromBase64url, toBase64url } from '../crypto/bytes.ts';
import { type LinkSecret, createLinkSecret, linkProof } from '../crypto/proof/proof.ts';
import { protocolVersion } from '../signaling/protocol/version.ts';
import { openStore } from '../signaling/store/database.ts';
import { setUp } from '../tests/e2e/people.ts';
import { maya } from '../tests/e2e/practice.ts';
import { claimPlace, Line } from '../tests/line.ts';
import { type TestServer, startServer } from '../tests/server.ts';
import { bytesOf, newId } from '../tests/wire.ts';
import { type Author, authorOf } from './tools/author.ts';
import { memoryMB } from './tools/memory.ts';
import type { Figures, Options } from './tools/options.ts';
import { type Someone, someone } from './tools/people.ts';
import { median, round, table } from './tools/table.ts';

const sessions = 1000;
const waitingPeople = 200;
/** The server lets so many sockets of one address in; loopback has many addresses. */
const socketsPerAddress = 100;
const patienceMs = 180_000;
const minuteMs = 60_000;

interface Invited {
	readonly session: string;
	readonly place: string;
	readonly secret: LinkSecret;
}

/** One session of the day as the host's own page would have sealed it. */
async function sealed(host: Author, at: number): Promise<Invited & { rows: [string, string] }> {
	const [session, place, secret] = [newId(), newId(), createLinkSecret()];
	const to = [host.identity.publicIdentity];
	const author = { author: host.id, key: host.identity.signing };
	const sign = (about: string | null, text: string) =>
		signContents({ ...author, about: { session, place: about }, text });
	const person = await sign(place, encodePlace({ name: `Patient Number ${at}`, secret }));
	const itself = await sign(null, encodeSession({}));
	return {
		session,
		place,
		secret,
		rows: [
			await sealText({ to, context: `session ${session}`, text: itself }),
			await sealText({ to, context: `place ${session} ${place}`, text: person }),
		],
	};
}

/** Writes a full day straight into the stopped server's database: half a minute from one start to the next. */
async function seed(server: TestServer): Promise<Invited[]> {
	const host = await authorOf(server.address, maya);
	await server.kill('SIGTERM');
	const database = await openStore(server.dataDir);
	const { store } = database;
	const now = Date.now();
	const made: Invited[] = [];
	for (let at = 0; at < sessions; at++) {
		const { session, place, secret, rows } = await sealed(host, at);
		await store
			.insertInto('sessions')
			.values({
				id: session,
				host: host.id,
				// Around now, and within this day unless it is about to end.
				starts_at: now + (at - waitingPeople) * (minuteMs / 30),
				minutes: 50,
				sealed: rows[0],
				notice: null,
				state: 'planned',
				generation: 0,
				created_at: now,
				ended_at: null,
				cancelled: 0,
			})
			.execute();
		await store
			.insertInto('places')
			.values({ id: place, session, position: 0, sealed: rows[1] })
			.execute();
		made.push({ session, place, secret });
	}
	await database.close();
	await server.restart();
	return made;
}

interface Knock {
	readonly keyPackage: string;
	readonly sealed: string;
	readonly proof: string;
}

/** Somebody whose browser waits, with the proof of her private link. */
class Guest {
	readonly #line: Line;
	readonly #knock: Knock;

	private constructor(line: Line, knock: Knock) {
		this.#line = line;
		this.#knock = knock;
	}

	static async arrive(address: string, invited: Invited, n: number): Promise<Guest> {
		const { session, place, secret } = invited;
		const { token } = await claimPlace(address, place);
		const localAddress = `127.0.0.${2 + Math.floor(n / socketsPerAddress)}`;
		const line = await Line.open(address, { localAddress });
		line.send({ type: 'hello', token, version: protocolVersion });
		await line.next('ready');
		const keyPackage = bytesOf(300);
		const claim = { secret, session, place, keyPackage: fromBase64url(keyPackage) };
		const proof = toBase64url(await linkProof(claim));
		return new Guest(line, { keyPackage, sealed: bytesOf(80), proof });
	}

	knock(): void {
		this.#line.send({ type: 'knock', id: newId(), ...this.#knock });
	}

	leave(): void {
		this.#line.send({ type: 'leave', id: newId() });
	}

	close(): Promise<number> {
		return this.#line.close();
	}
}

/** Until so many can be connected, and the page answers its user. */
async function shows(page: Page, people: number): Promise<void> {
	await page.waitForFunction(
		(count) =>
			document.querySelectorAll('ul[aria-label=Waiting] .btn.main').length === count &&
			document.querySelectorAll('ul[aria-label=Sessions] > li').length > 0,
		people,
		{ timeout: patienceMs, polling: 20 },
	);
	await page.evaluate(
		() =>
			new Promise((resolve) =>
				requestAnimationFrame(() => requestAnimationFrame(() => resolve(undefined))),
			),
	);
}

async function timed(work: () => Promise<void>): Promise<number> {
	const start = performance.now();
	await work();
	return performance.now() - start;
}

async function measure(host: Someone, server: TestServer, repeats: number): Promise<Figures> {
	const { page } = host;
	const invited = await seed(server);
	const guests: Guest[] = [];
	for (const [n, one] of invited.slice(0, waitingPeople).entries())
		guests.push(await Guest.arrive(server.address, one, n));
	for (const guest of guests) guest.knock();
	const interactive: number[] = [];
	const rates: number[] = [];
	for (let n = 0; n < repeats; n++) {
		await page.goto('about:blank');
		interactive.push(
			await timed(async () => {
				await page.goto(server.address);
				await shows(page, waitingPeople);
			}),
		);
		const changes = await timed(async () => {
			for (const guest of guests) guest.leave();
			await shows(page, 0);
			for (const guest of guests) guest.knock();
			await shows(page, waitingPeople);
		});
		rates.push((2 * waitingPeople * 1000) / changes);
	}
	const memory = memoryMB(host.profile);
	await Promise.all(guests.map((guest) => guest.close()));
	const figures = {
		interactiveMs: Math.round(median(interactive)),
		memoryMB: Math.round(memory),
		perSecond: round(median(rates)),
	};
	table(interactive.map((ms, n) => ({ ms: Math.round(ms), perSecond: round(rates[n] ?? 0) })));
	return figures;
}

/**
 * `interactiveMs`: from asking for the page, unlocked, until all who wait can be connected and a frame is
 * painted; `memoryMB` of the whole browser then; `perSecond`: arrivals and departures that are shown.
 */
export async function run({ repeats = 5 }: Options): Promise<Figures> {
	const server = await startServer();
	const host = await someone();
	try {
		await setUp(host.page, server.setupUrl ?? '');
		return await measure(host, server, repeats);
	} finally {
		await host.close();
		await server.stop();
	}
}
