import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findFirefox } from '../../scripts/find.js';
import { decodeErrors, duration, mediaOf, shareOf } from '../e2e/analyse.ts';
import { looks } from '../e2e/media.ts';
import { type Person, connect, newSession, person, sees, setUp } from '../e2e/people.ts';
import { expect as expectThat } from '../e2e/playwright.ts';
import { type TestServer, startServer } from '../server.ts';
import { Firefox } from './bidi.ts';
import { decoded, heard, keepConnections, sizes } from './senses.ts';

const [host, dana] = ['Dr. Maya Okafor', 'Dana Whitfield'];
const patience = { timeout: 60_000, interval: 500 };
/** What Firefox's own camera and microphone for tests give; its pictures change their colour by themselves. */
const tone = 1000;
const prefs = {
	'media.navigator.streams.fake': true,
	'media.navigator.permission.disabled': true,
	'media.navigator.audio.fake_frequency': tone,
	// Host candidates by address, because no mDNS answers here.
	'media.peerconnection.ice.obfuscate_host_addresses': false,
	'intl.accept_languages': 'en-US',
	'datareporting.policy.dataSubmissionEnabled': false,
	'app.normandy.enabled': false,
	'app.update.auto': false,
	'network.captive-portal-service.enabled': false,
	'network.connectivity-service.enabled': false,
	'services.settings.server': 'data:,',
};

const path = findFirefox();
if (path === undefined) process.stdout.write('Firefox is not tested: no firefox-esr here\n');

let server: TestServer;
let maya: Person;
let firefox: Firefox;

beforeAll(async () => {
	if (path === undefined) return;
	server = await startServer();
	maya = await person({ looks: looks.maya });
	await maya.context.addInitScript(keepConnections);
	firefox = await Firefox.launch({ path, prefs, preload: keepConnections });
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), firefox?.close()]);
	await server?.stop();
});

const status = (name: string) => maya.page.getByRole('status', { name, exact: true });

/** She waits in Firefox, and is let in; both see the other's pictures move, and hear the other's tone. */
async function meet(link: string, answer?: string): Promise<void> {
	await firefox.goto(link);
	await firefox.click('button', 'Check camera and microphone');
	await firefox.until(() => document.body.innerText.includes('Microphone works'), null);
	if (answer !== undefined) await firefox.click('button', answer);
	await firefox.find('status', `Waiting for ${host}`);
	await maya.page.goto(server.address);
	await connect(maya.page, dana);
	await vi.waitFor(async () => {
		const [here, there] = [
			await maya.page.evaluate(decoded, [dana]),
			await firefox.evaluate(decoded, [host]),
		];
		expect(here[dana]).toBeGreaterThan(30);
		expect(there[host]).toBeGreaterThan(30);
	}, patience);
	await vi.waitFor(async () => {
		const [here, there] = await Promise.all([
			maya.page.evaluate(heard, { names: [dana], ms: 2000 }),
			firefox.evaluate(heard, { names: [host], ms: 2000 }),
		]);
		expect(Math.abs((here[dana] ?? 0) - tone)).toBeLessThan(40);
		expect(Math.abs((there[host] ?? 0) - looks.maya.tone)).toBeLessThan(40);
	}, patience);
}

test.runIf(path)(
	'somebody in Firefox and a clinician in Chromium see and hear each other',
	async () => {
		const { links } = await newSession(maya.page, [dana]);
		await meet(links[0] ?? '');
		const roster = maya.page.getByRole('region', { name: 'Who can see and hear this call' });
		const names = await roster.getByRole('listitem').allInnerTexts();
		expect(names).toHaveLength(2);
		expect(names.join()).toContain('Joined with your private link');
		expect(await firefox.evaluate(() => document.body.innerText, null)).toContain('2 members hold');
		// Nothing that this browser cannot do was found missing.
		expect(await firefox.evaluate(() => document.querySelector('[data-code]') === null, null)).toBe(
			true,
		);
	},
);

test.runIf(path)('sound has packets of one size, whether one speaks or is muted', async () => {
	const mean = (): Promise<number[]> =>
		Promise.all([maya.page.evaluate(sizes, 3000), firefox.evaluate(sizes, 3000)]);
	const speaking = await mean();
	await maya.page.getByRole('button', { name: 'Mute', exact: true }).click();
	await firefox.click('button', 'Mute');
	await firefox.find('button', 'Unmute');
	const muted = await mean();
	await firefox.click('button', 'Unmute');
	for (const [at, size] of speaking.entries()) {
		expect(size).toBeGreaterThan(100);
		expect(Math.abs(size - (muted[at] ?? 0))).toBeLessThan(1);
	}
});

test.runIf(path)('messages go both ways, and a hand goes up', async () => {
	await firefox.click('button', 'Raise hand');
	await maya.page
		.getByRole('log', { name: 'What happened' })
		.getByText(`${dana} raised a hand`)
		.waitFor();
	await maya.page.getByRole('button', { name: 'Messages', exact: true }).click();
	const field = maya.page.getByRole('textbox', { name: `Message to ${dana}` });
	await field.fill('The blue house');
	await field.press('Enter');
	await firefox.click('button', 'Messages');
	await firefox.until(() => document.body.innerText.includes('The blue house'), null);
	expect(await firefox.has('button', 'Lower hand')).toBe(true);
	await firefox.click('button', 'Leave');
	await maya.page.getByRole('log', { name: 'What happened' }).getByText(`${dana} left`).waitFor();
	await maya.page.getByRole('button', { name: 'Leave', exact: true }).click();
});

test.runIf(path)('a recorded visit from Firefox is whole', async () => {
	await maya.page.goto(server.address);
	const { links } = await newSession(maya.page, [dana], { record: true });
	await meet(links[0] ?? '', 'I agree to be recorded');
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await firefox.find('status', 'Recording');
	await expectThat(status('Recording')).toBeVisible();
	await maya.page.getByText(/^00:(?:0[6-9]|[1-5]\d)$/).waitFor();
	await maya.page.getByRole('button', { name: 'Stop recording' }).click();
	await firefox.find('status', 'Recording ended');
	const open = maya.page.getByRole('link', { name: 'Open the recording' });
	await expectThat(open).toBeVisible({ timeout: 60_000 });
	await firefox.click('button', 'Leave');
	await maya.page.getByRole('button', { name: 'Leave', exact: true }).click();
	await maya.page.goto(server.address);
	await maya.page.getByRole('link', { name: 'Recordings' }).click();
	await maya.page.getByRole('table', { name: 'Recordings' }).getByRole('link').first().click();
	await maya.page.getByRole('button', { name: 'Play' }).click();
	await sees(maya.page, dana);
	const [hers, his] = [await mediaOf(maya.page, host), await mediaOf(maya.page, dana)];
	for (const file of [hers, his]) {
		expect(decodeErrors(file)).toBe('');
		expect(duration(file)).toBeGreaterThan(5);
	}
	expect(shareOf(hers, looks.maya)).toBe(1);
	expect(maya.complaints).toEqual([]);
	expect(firefox.complaints).toEqual([]);
});
