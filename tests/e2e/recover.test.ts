import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
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

let server: TestServer;
let maya: Person;
let dana: Person;
let second: Person;

beforeAll(async () => {
	server = await startServer();
	[maya, dana, second] = await Promise.all([
		person({ looks: looks.maya }),
		person({ looks: looks.dana }),
		person(),
	]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([dana?.close(), second?.close()]);
	await server?.stop();
});

test('what a lost browser had stored is recovered on another device, and says where it ends', async () => {
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await sees(maya.page, 'Dana Whitfield');
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await maya.page.getByText('00:08').waitFor({ timeout: 60_000 });
	await maya.page.goto('about:blank');
	await maya.close();

	const { page } = second;
	await page.goto(`${server.address}/sign-in`);
	await page.getByRole('textbox', { name: 'Email' }).fill(email);
	await page.getByRole('textbox', { name: 'Password' }).fill(password);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	await page.getByRole('link', { name: 'Recordings' }).click();
	await page.getByRole('button', { name: 'Recover' }).click({ timeout: 60_000 });
	await page.getByRole('button', { name: 'Recover' }).waitFor({ state: 'hidden' });
	await page.getByText('recording stopped unexpectedly at').waitFor({ timeout: 60_000 });

	await page.getByRole('link', { name: 'Dana Whitfield' }).click();
	await page.getByText('Everything up to there is intact. Missing: about').waitFor();
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	await sees(page, 'Dana Whitfield');
	await sees(page, 'Dr. Maya Okafor');
	expect(isColour(await colourOf(page, 'Dana Whitfield'), looks.dana)).toBe(true);
	expect(isColour(await colourOf(page, 'Dr. Maya Okafor'), looks.maya)).toBe(true);
	expect(second.complaints).toEqual([]);
}, 180_000);
