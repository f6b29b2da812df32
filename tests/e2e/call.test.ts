import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { looks } from './media.ts';
import {
	type Person,
	colourOf,
	connect,
	isColour,
	newSession,
	person,
	sees,
	setUp,
	wait,
} from './people.ts';
import { expect as expectThat } from './playwright.ts';

let server: TestServer;
let maya: Person;
let dana: Person;

beforeAll(async () => {
	server = await startServer();
	[maya, dana] = await Promise.all([person({ looks: looks.maya }), person({ looks: looks.dana })]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close()]);
	await server?.stop();
});

test('a clinician and a patient see each other, sealed', async () => {
	const { links } = await newSession(maya.page, ['Dana Whitfield']);
	await wait(dana.page, links[0] ?? '');
	await maya.page.goto(server.address);
	await expectThat(
		maya.page.getByRole('status', { name: 'Dana Whitfield is waiting' }),
	).toBeVisible();
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	expect(isColour(await colourOf(maya.page, 'Dana Whitfield'), looks.dana)).toBe(true);
	expect(isColour(await colourOf(dana.page, 'Dr. Maya Okafor'), looks.maya)).toBe(true);
	const roster = maya.page.getByRole('region', { name: 'Who can see and hear this call' });
	const names = await roster.getByRole('listitem').allInnerTexts();
	expect(names).toHaveLength(2);
	expect(names.join()).toContain('Joined with your private link');
	expect(maya.complaints).toEqual([]);
	expect(dana.complaints).toEqual([]);
});
