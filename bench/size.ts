/** How much script a participant's browser fetches from the link until she is in the call, and what it is made of. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { newSession, sees, wait } from '../tests/e2e/people.ts';
import { type MappedBuild, buildMapped } from './tools/mapped.ts';
import type { Figures } from './tools/options.ts';
import { partOf } from './tools/parts.ts';
import { say, table } from './tools/table.ts';
import { connectButton, enterRoom, guestName, hostName, openStage } from './tools/visit.ts';

interface Script {
	readonly name: string;
	readonly text: string;
	/** Fetched by the service worker for later, and not run by the page. */
	readonly forLater: boolean;
}

const zipped = (text: string): number => gzipSync(text, { level: 9 }).length;
const inline = /<script[^>]*>([^<]+(?:<(?!\/script)[^<]*)*)<\/script>/g;

/** The addresses of everything that this page, its workers and its service worker fetch from now on. */
function collect(page: Page): Map<string, boolean> {
	const fetched = new Map<string, boolean>();
	page.context().on('response', (response) => {
		const url = new URL(response.url());
		// A worker made of text that a script brought along is counted with that script.
		if (url.protocol !== 'http:' || !response.ok()) return;
		const forLater = response.request().serviceWorker() !== null;
		const path = response.request().isNavigationRequest() ? '/200.html' : url.pathname;
		fetched.set(path, forLater && (fetched.get(path) ?? true));
	});
	return fetched;
}

/** The scripts among them, as the server has them. */
function read(pages: string, fetched: Map<string, boolean>): Script[] {
	return [...fetched].flatMap(([path, forLater]) => {
		const name = basename(path);
		const text = (): string => readFileSync(join(pages, path), 'utf8');
		if (path.endsWith('.js')) return [{ name, text: text(), forLater }];
		if (path !== '/200.html') return [];
		const starts = Array.from(text().matchAll(inline), ([, code = '']) => code);
		return [{ name: '(start, in the page)', text: starts.join('\n'), forLater }];
	});
}

/** The whole way of a participant whose session will be recorded: it asks the most of her browser. */
async function visit(pages: string): Promise<Script[]> {
	const stage = await openStage({ PAGES_DIR: pages });
	try {
		const { host, guest, server } = stage;
		const fetched = collect(guest.page);
		await host.page.goto(server.address);
		const { id, links } = await newSession(host.page, [guestName], { record: true });
		await wait(guest.page, links[0] ?? '', 'agree');
		await enterRoom(stage, id);
		await connectButton(host.page).click();
		await sees(guest.page, hostName);
		return read(pages, fetched);
	} finally {
		await stage.close();
	}
}

/** Adds `bytes` to the parts that this script is made of, by their share of the minified text. */
function divide(script: Script, build: MappedBuild, parts: Map<string, number>): void {
	const add = (name: string, bytes: number): void => {
		parts.set(name, (parts.get(name) ?? 0) + bytes);
	};
	const bytes = zipped(script.text);
	const shares = build.shares(script.name);
	if (!shares) return add(script.name, bytes);
	const whole = [...shares.values()].reduce((a, b) => a + b, 0);
	// A script of nothing but imports has sources and no size.
	if (whole === 0) return add(partOf([...shares.keys()][0] ?? script.name), bytes);
	for (const [source, size] of shares) add(partOf(source), (bytes * size) / whole);
}

const kB = (bytes: number): string => (bytes / 1000).toFixed(1);

function sorted(rows: Iterable<[string, number]>): [string, number][] {
	return [...rows].toSorted((a, b) => b[1] - a[1]);
}

/** `kB`: thousands of bytes of gzip of the scripts that the page runs, each file by itself, as a server sends them. */
export async function run(): Promise<Figures> {
	const build = buildMapped();
	try {
		const all = await visit(build.pages);
		const scripts = all.filter((one) => !one.forLater);
		const parts = new Map<string, number>();
		for (const script of scripts) divide(script, build, parts);
		table(sorted(parts).map(([part, bytes]) => ({ part, kB: kB(bytes) })));
		const total = scripts.reduce((sum, { text }) => sum + zipped(text), 0);
		say('');
		const files = scripts.map(({ name, text }): [string, number] => [name, zipped(text)]);
		table(sorted(files).map(([file, bytes]) => ({ file, kB: kB(bytes) })));
		const later = all.filter((one) => one.forLater);
		const offline = later.reduce((sum, { text }) => sum + zipped(text), 0);
		say(`  besides, fetched by the service worker for offline use: ${kB(offline)} kB`);
		return { kB: Number(kB(total)) };
	} finally {
		build.remove();
	}
}
