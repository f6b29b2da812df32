import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { decodeErrors, duration, mediaOf, shareOf, tones } from './analyse.ts';
import { looks } from './media.ts';
import {
	type Person,
	connect,
	newSession,
	password,
	person,
	sees,
	setUp,
	wait,
	email,
} from './people.ts';
import { expect as expectThat } from './playwright.ts';

let server: TestServer;
let maya: Person;
let dana: Person;
let third: Person;

beforeAll(async () => {
	server = await startServer();
	[maya, dana, third] = await Promise.all([
		person({ looks: looks.maya }),
		person({ looks: looks.dana }),
		person(),
	]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close(), third?.close()]);
	await server?.stop();
});

test('a recorded visit, from the consent to the recording in a third browser', async () => {
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	const status = (one: Person, name: string) => one.page.getByRole('status', { name, exact: true });
	await expectThat(status(dana, 'Not recording')).toBeVisible();
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await expectThat(status(dana, 'Recording')).toBeVisible();
	await expectThat(status(maya, 'Recording')).toBeVisible();
	await maya.page.getByText(/^00:0[6-9]$/).waitFor();
	await maya.page.getByRole('button', { name: 'Pause recording' }).click();
	await expectThat(status(dana, 'Recording paused')).toBeVisible();
	await maya.page.getByRole('button', { name: 'Resume recording' }).click();
	await expectThat(status(dana, 'Recording')).toBeVisible();
	await maya.page.getByText(/^00:1\d$/).waitFor();
	await maya.page.getByRole('button', { name: 'Stop recording' }).click();
	await expectThat(status(dana, 'Recording ended')).toBeVisible();
	await expectThat(maya.page.getByRole('link', { name: 'Open the recording' })).toBeVisible({
		timeout: 60_000,
	});
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await maya.page.getByRole('button', { name: 'Leave' }).click();

	await third.page.goto(`${server.address}/sign-in`);
	await third.page.getByRole('textbox', { name: 'Email' }).fill(email);
	await third.page.getByRole('textbox', { name: 'Password' }).fill(password);
	await third.page.getByRole('button', { name: 'Sign in' }).click();
	await expectThat(third.page.getByRole('heading', { name: 'Today' })).toBeVisible();
	await third.page.getByRole('link', { name: 'Recordings' }).click();
	await third.page.getByRole('table', { name: 'Recordings' }).getByRole('link').first().click();
	await third.page.getByRole('button', { name: 'Play' }).click();
	await sees(third.page, 'Dana Whitfield');
	await sees(third.page, 'Dr. Maya Okafor');
	const [hers, his] = [
		await mediaOf(third.page, 'Dr. Maya Okafor'),
		await mediaOf(third.page, 'Dana Whitfield'),
	];
	for (const file of [hers, his]) {
		expect(decodeErrors(file)).toBe('');
		expect(duration(file)).toBeGreaterThan(9);
	}
	expect(shareOf(hers, looks.maya)).toBe(1);
	expect(shareOf(his, looks.dana)).toBe(1);
	const [hersTones, hisTones] = [tones(hers), tones(his)];
	expect(hersTones.maya.led).toBeGreaterThan(8);
	expect(hersTones.dana.led + hersTones.tom.led).toBe(0);
	expect(hisTones.dana.led).toBeGreaterThan(8);
	expect(hisTones.maya.led + hisTones.tom.led).toBe(0);
	expect(maya.complaints).toEqual([]);
	expect(dana.complaints).toEqual([]);
	expect(third.complaints).toEqual([]);
});
