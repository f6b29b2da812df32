import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { decodeErrors, duration, mediaOf, shareOf } from './analyse.ts';
import { looks } from './media.ts';
import {
	type Person,
	colourOf,
	connect,
	isColour,
	newSession,
	password,
	person,
	sees,
	setUp,
	wait,
	email,
} from './people.ts';
import { expect as expectThat } from './playwright.ts';
import { processesOf } from './processes.ts';

let server: TestServer;
let dana: Person;
let second: Person;

beforeAll(async () => {
	server = await startServer();
	[dana, second] = await Promise.all([person({ looks: looks.dana }), person()]);
});

afterAll(async () => {
	await Promise.all([dana?.close(), second?.close()]);
	await server?.stop();
});

async function signIn(one: Person): Promise<void> {
	await one.page.goto(`${server.address}/sign-in`);
	await one.page.getByRole('textbox', { name: 'Email' }).fill(email);
	await one.page.getByRole('textbox', { name: 'Password' }).fill(password);
	await one.page.getByRole('button', { name: 'Sign in' }).click();
	await expectThat(one.page.getByRole('heading', { name: 'Today' })).toBeVisible();
}

test("kill -9 of the recorder's browser loses two seconds at most, and says how many", async () => {
	const profile = mkdtempSync(join(tmpdir(), 'sotto-profile-'));
	const maya = await person({ looks: looks.maya, profile });
	await setUp(maya.page, server.setupUrl ?? '');
	await signIn(second);
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	const stored = maya.page.waitForResponse(
		(answer) =>
			answer.request().method() === 'POST' && new URL(answer.url()).pathname === '/api/recordings',
	);
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await expectThat(dana.page.getByRole('status', { name: 'Recording', exact: true })).toBeVisible();
	// Media are recorded from when the wrapped keys are at the server.
	await stored;
	const began = Date.now();
	// Live parts are on the server: chunks grow while it records.
	await maya.page.getByText(/^00:(0[89]|[1-5]\d)$/).waitFor();
	const killed = Date.now();
	for (const id of processesOf(profile)) process.kill(id, 'SIGKILL');
	await expectThat(dana.page.getByText(/Dr. Maya Okafor’s connection broke/)).toBeVisible();

	await second.page.getByRole('link', { name: 'Recordings' }).click();
	await second.page.getByRole('button', { name: 'Recover' }).click({ timeout: 60_000 });
	// The list stays open while it is joined and read back.
	await expectThat(second.page.getByText('recording stopped unexpectedly at')).toBeVisible({
		timeout: 120_000,
	});
	await second.page
		.getByRole('table', { name: 'Recordings' })
		.getByRole('link')
		.first()
		.click({ timeout: 60_000 });
	await expectThat(
		second.page.getByText(/Ends early: recording stopped unexpectedly at/),
	).toBeVisible({ timeout: 60_000 });
	const words = await second.page
		.getByText(/Missing: about/)
		.first()
		.innerText();
	const missing = Number(/about ([\d.]+) s/.exec(words)?.[1] ?? Number.NaN);
	expect(missing).toBeLessThanOrEqual(2);
	await second.page.getByRole('button', { name: 'Play', exact: true }).click();
	for (const [name, look] of [
		['Dr. Maya Okafor', looks.maya],
		['Dana Whitfield', looks.dana],
	] as const) {
		await sees(second.page, name);
		expect(isColour(await colourOf(second.page, name), look)).toBe(true);
		const file = await mediaOf(second.page, name);
		expect(decodeErrors(file)).toBe('');
		expect(shareOf(file, look)).toBe(1);
		// What ended within two seconds before the kill, and nothing from after it.
		expect(duration(file)).toBeGreaterThan((killed - began) / 1000 - 2.5);
		expect(duration(file)).toBeLessThan((killed - began) / 1000 + 1.5);
	}
	expect(second.complaints).toEqual([]);
	await maya.context.close().catch(() => {});
	rmSync(profile, { recursive: true, force: true });
});

test('a server that is killed during a recording loses nothing, and the upload goes on when it is back', async () => {
	const maya = await person({ looks: looks.maya });
	await signIn(maya);
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await maya.page.getByText(/^00:(0[4-9]|[1-5]\d)$/).waitFor();
	await server.kill('SIGKILL');
	const away = Date.now();
	await expectThat(dana.page.getByText('The server cannot be reached.')).toBeVisible();
	await maya.page.getByText(/^00:(0[8-9]|[1-5]\d)$/).waitFor();
	await sees(dana.page, 'Dr. Maya Okafor');
	await server.restart();
	const back = Date.now();
	await expectThat(maya.page.getByText('The server cannot be reached.')).toBeHidden();
	await maya.page.getByText(/^00:(1[2-9]|[2-5]\d)$/).waitFor();
	await maya.page.getByRole('button', { name: 'Stop recording' }).click();
	await maya.page.getByRole('link', { name: 'Open the recording' }).click({ timeout: 120_000 });
	await expectThat(maya.page.getByRole('button', { name: 'Play' })).toBeVisible();
	const file = await mediaOf(maya.page, 'Dana Whitfield');
	expect(decodeErrors(file)).toBe('');
	expect(shareOf(file, looks.dana)).toBe(1);
	// The whole time, the time without a server included.
	expect(duration(file)).toBeGreaterThan(11);
	expect(duration(file)).toBeGreaterThan((back - away) / 1000);
	expect(await maya.page.getByText('Ends early').count()).toBe(0);
	await maya.close();
});
