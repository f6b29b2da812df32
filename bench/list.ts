/** What a list of 10,000 recordings takes: to open, to search, to get to its end. */
import type { Page } from 'playwright-core';
import { sealAnnotation } from '../crypto/annotation/annotation.ts';
import { toBase64url } from '../crypto/bytes.ts';
import { makeGrant } from '../crypto/grant/grant.ts';
import { createTrackKey, importTrackKey } from '../crypto/track/key.ts';
import { openStore } from '../signaling/store/database.ts';
import type { Store } from '../signaling/store/database.ts';
import { setUp } from '../tests/e2e/people.ts';
import { maya } from '../tests/e2e/practice.ts';
import { type TestServer, startServer } from '../tests/server.ts';
import { bytesOf, newId } from '../tests/wire.ts';
import { type Author, authorOf } from './tools/author.ts';
import type { Figures, Options } from './tools/options.ts';
import { type Someone, someone } from './tools/people.ts';
import { median, round, table } from './tools/table.ts';

const recordings = 10_000;
/** So that all of them lie in the 60 days that the list shows by itself. */
const apartMs = 8 * 60_000;
const patienceMs = 900_000;
const drawn = 100;

const firstNames = [
	'Ana',
	'Ben',
	'Chloé',
	'Dana',
	'Emil',
	'Fatma',
	'Grace',
	'Hugo',
	'Ines',
	'José',
];
const lastNames = ['Adler', 'Becker', 'Costa', 'Dahl', 'Evans', 'Ferreira', 'Garcia', 'Haas'];
const nameOf = (at: number): string =>
	`${firstNames[at % firstNames.length]} ${lastNames[(at >> 3) % lastNames.length]} ${at}`;

const summary = (at: number, startedAt: number) => ({
	title: 'Individual session',
	people: [
		{ name: 'Dr. Maya Okafor', role: 'host' },
		{ name: nameOf(at), role: 'participant' },
	],
	purpose: at % 3 === 0 ? 'Supervision' : 'Medical record',
	keptUntil: startedAt + 400 * 86_400_000,
	durationMs: 3_000_000,
	ending: { is: 'complete' },
});

const notes = (at: number) => ({
	v: 1,
	items: [
		{
			id: newId(),
			kind: 'note',
			atMs: 0,
			text: `Note number ${at}: what was agreed for the next time`,
		},
	],
});

/** One finished recording as its recorder and a reader before would have left it: a grant, a sealed summary and notes. */
async function insert(store: Store, host: Author, at: number): Promise<void> {
	const recording = newId();
	const startedAt = Date.now() - (at + 1) * apartMs;
	const key = createTrackKey();
	const { publicIdentity, signing } = host.identity;
	const grant = await makeGrant({
		recording,
		recipient: { id: host.id, publicIdentity },
		grantor: { id: host.id, signing },
		expiresAt: null,
		keys: [{ track: recording, key }],
	});
	const trackKey = await importTrackKey(key);
	const bodies = [
		['summary', summary(at, startedAt)],
		['notes', notes(at)],
	] as const;
	await store
		.insertInto('recordings')
		.values({
			id: recording,
			source: 'call',
			session: null,
			uploader: null,
			host: host.id,
			recorder_key: bytesOf(32),
			state: 'finished',
			started_at: startedAt,
			last_seen_at: startedAt,
			ended_at: startedAt,
			lost_at: null,
			finished_at: startedAt,
			content: '',
		})
		.execute();
	await store
		.insertInto('grants')
		.values({
			id: grant.id,
			recording,
			recipient: host.id,
			expires_at: null,
			content: JSON.stringify(grant),
		})
		.execute();
	for (const [kind, body] of bodies) {
		const sealed = await sealAnnotation({
			key: trackKey,
			recording,
			kind,
			version: 1,
			author: { id: host.id, signing },
			at: startedAt,
			body,
		});
		const content = toBase64url(sealed);
		await store
			.insertInto('annotations')
			.values({ recording, kind, version: 1, author: host.id, content, at: startedAt })
			.execute();
	}
}

/** Writes them straight into the stopped server's database. */
async function seed(server: TestServer): Promise<void> {
	const host = await authorOf(server.address, maya);
	await server.kill('SIGTERM');
	const database = await openStore(server.dataDir);
	for (let at = 0; at < recordings; at++) await insert(database.store, host, at);
	await database.close();
	await server.restart();
}

/** Until the table has so many rows or more with a name, and a frame of it is painted. */
async function drawnRows(page: Page, rows: number, text = 'Dr.'): Promise<void> {
	await page.waitForFunction(
		([count, part]) => {
			const found = [...document.querySelectorAll('table.ledger tbody tr')];
			return found.length >= count && (found[0]?.textContent ?? '').includes(part);
		},
		[rows, text] as const,
		{ timeout: patienceMs, polling: 'raf' },
	);
	await page.evaluate(
		() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))),
	);
}

async function timed(work: () => Promise<void>): Promise<number> {
	const start = performance.now();
	await work();
	return performance.now() - start;
}

/** From a click on Recordings in a page that is open already: the app itself is not what is asked about. */
async function open(page: Page): Promise<number> {
	await page.getByRole('link', { name: 'Today' }).first().click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	return timed(async () => {
		await page.getByRole('link', { name: 'Recordings' }).first().click();
		await drawnRows(page, drawn, nameOf(0));
	});
}

async function search(page: Page, at: number): Promise<number> {
	const box = page.getByRole('searchbox', { name: 'Search' });
	const ms = await timed(async () => {
		await box.fill(`number ${at}`);
		await drawnRows(page, 1, nameOf(at));
	});
	await box.fill('');
	await drawnRows(page, drawn, nameOf(0));
	return ms;
}

/** One step down: the rows behind those that are drawn. */
async function scroll(page: Page): Promise<number> {
	return timed(async () => {
		await page.mouse.wheel(0, 1_000_000);
		await drawnRows(page, 2 * drawn, nameOf(0));
	});
}

async function measure({ page }: Someone, server: TestServer, repeats: number): Promise<Figures> {
	await seed(server);
	await page.goto(server.address);
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	const firstMs = await timed(async () => {
		await page.getByRole('link', { name: 'Recordings' }).first().click();
		await page.waitForFunction(
			() => document.querySelector('table.ledger')?.getAttribute('aria-busy') === 'false',
			undefined,
			{ timeout: patienceMs, polling: 200 },
		);
	});
	const opened: number[] = [];
	const searched: number[] = [];
	const scrolled: number[] = [];
	for (let n = 0; n < repeats; n++) {
		opened.push(await open(page));
		await page.waitForFunction(
			() => document.querySelector('table.ledger')?.getAttribute('aria-busy') === 'false',
		);
		searched.push(await search(page, 1 + 997 * n));
		scrolled.push(await scroll(page));
	}
	table(
		opened.map((ms, n) => ({
			open: Math.round(ms),
			search: Math.round(searched[n] ?? 0),
			scroll: Math.round(scrolled[n] ?? 0),
		})),
	);
	return {
		openMs: round(median(opened)),
		searchMs: round(median(searched)),
		scrollMs: round(median(scrolled)),
		firstSeconds: round(firstMs / 1000),
	};
}

/**
 * `openMs`: from the click on Recordings until the first rows with their names are painted, on a device that has read
 * them before; `searchMs`: from a word to what it finds; `scrollMs`: until the next 100 rows are drawn;
 * `firstSeconds`: until a device that has never seen them has read all summaries.
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
