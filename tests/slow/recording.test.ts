import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeErrors, duration, mediaOf } from '../e2e/analyse.ts';
import { looks } from '../e2e/media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from '../e2e/people.ts';
import { expect as expectThat } from '../e2e/playwright.ts';
import { signIn } from '../e2e/practice.ts';
import { processesOf } from '../e2e/processes.ts';
import { type TestServer, startServer } from '../server.ts';

let server: TestServer;
let dana: Person;
let profile: string;

beforeAll(async () => {
	profile = mkdtempSync(join(tmpdir(), 'sotto-profile-'));
	server = await startServer();
	dana = await person({ looks: looks.dana });
});

afterAll(async () => {
	await dana?.close();
	await server?.stop();
	rmSync(profile, { recursive: true, force: true });
});

/** A recorded call of two. */
async function recording(maya: Person): Promise<void> {
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await maya.page.getByText(/^00:(0[3-9]|[1-5]\d)$/).waitFor();
}

test('a recording ends by itself when nobody else is there any more', async () => {
	const maya = await person({ looks: looks.maya });
	await setUp(maya.page, server.setupUrl ?? '');
	await recording(maya);
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await maya.page.getByRole('link', { name: 'Open the recording' }).click({ timeout: 90_000 });
	await expectThat(maya.page.getByRole('button', { name: 'Play' })).toBeVisible();
	expect(duration(await mediaOf(maya.page, 'Dana Whitfield'))).toBeGreaterThan(2);
	await maya.close();
});

test('what a killed browser had not uploaded yet is uploaded when it is opened again', async () => {
	const maya = await person({ looks: looks.maya, profile });
	await maya.page.goto(`${server.address}/sign-in`);
	await signIn(maya.page);
	await recording(maya);
	await server.kill('SIGKILL');
	await maya.page.getByText(/^00:(1\d|[2-5]\d)$/).waitFor();
	for (const id of processesOf(profile)) process.kill(id, 'SIGKILL');
	await maya.context.close().catch(() => {});
	await server.restart();

	const again = await person({ profile });
	await again.page.goto(`${server.address}/recordings`);
	await again.page.getByRole('button', { name: 'Recover' }).first().click({ timeout: 60_000 });
	await expectThat(again.page.getByRole('button', { name: 'Cancel' })).toBeVisible();
	await expectThat(again.page.getByRole('button', { name: 'Cancel' })).toBeHidden({
		timeout: 120_000,
	});
	await again.page.getByRole('table', { name: 'Recordings' }).getByRole('link').first().click();
	await expectThat(again.page.getByRole('button', { name: 'Play' })).toBeVisible();
	const file = await mediaOf(again.page, 'Dr. Maya Okafor');
	expect(decodeErrors(file)).toBe('');
	// Ten seconds were made, seven of them while no server was there.
	expect(duration(file)).toBeGreaterThan(7.5);
	await again.close();
});
