import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { looks } from '../e2e/media.ts';
import { type Person, connect, newSession, person, sees, setUp } from '../e2e/people.ts';
import { type Page, expect as expectThat } from '../e2e/playwright.ts';

let server: TestServer;
let maya: Person;
const guests: Person[] = [];

beforeAll(async () => {
	server = await startServer();
	maya = await person({ looks: looks.maya });
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), ...guests.map((one) => one.close())]);
	await server?.stop();
});

async function guest(options: Parameters<typeof person>[0]): Promise<Person> {
	const one = await person(options);
	guests.push(one);
	return one;
}

async function faults(page: Page): Promise<string[]> {
	const { violations } = await new AxeBuilder({ page }).analyze();
	return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

async function link(): Promise<string> {
	await maya.page.goto(server.address);
	const { links } = await newSession(maya.page, ['Dana Whitfield']);
	return links[0] ?? '';
}

/** Waits, is connected, and is seen in the list although no picture comes. */
async function meet(one: Person): Promise<void> {
	await expectThat(
		one.page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' }),
	).toBeVisible();
	expect(await faults(one.page)).toEqual([]);
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await sees(one.page, 'Dr. Maya Okafor');
	await expectThat(maya.page.getByText('Dana Whitfield’s camera is off')).toBeVisible();
}

test('a refused camera has words of its own, and the call goes on with sound only', async () => {
	const address = await link();
	const dana = await guest({ without: ['--use-fake-ui-for-media-stream'] });
	await dana.page.goto(address);
	await dana.page.getByRole('button', { name: 'Check camera and microphone' }).click();
	await expectThat(dana.page.getByText('This page may not use your camera')).toBeVisible();
	await expectThat(dana.page.getByText('This page may not use your microphone')).toBeVisible();
	await meet(dana);
	for (const { page } of [maya, dana]) expect(await faults(page)).toEqual([]);
});

test('a device without a camera has words of its own, and the call goes on', async () => {
	const address = await link();
	const dana = await guest({ without: ['--use-fake-device-for-media-stream'] });
	await dana.page.goto(address);
	await dana.page.getByRole('button', { name: 'Check camera and microphone' }).click();
	await expectThat(dana.page.getByText('No camera was found')).toBeVisible();
	await expectThat(dana.page.getByText('No microphone was found')).toBeVisible();
	await meet(dana);
});

test('a camera that another program holds has words of its own', async () => {
	const address = await link();
	const dana = await guest({ looks: looks.dana });
	// The one thing that no file-fed camera can be: busy. The browser's own error is thrown in its place.
	await dana.context.addInitScript(() => {
		const { mediaDevices } = navigator;
		const real = mediaDevices.getUserMedia.bind(mediaDevices);
		mediaDevices.getUserMedia = async (wanted) => {
			if (wanted?.video) throw new DOMException('busy', 'NotReadableError');
			return real(wanted);
		};
	});
	await dana.page.goto(address);
	await dana.page.getByRole('button', { name: 'Check camera and microphone' }).click();
	await expectThat(dana.page.getByText('Another program uses your camera')).toBeVisible();
	await expectThat(dana.page.getByText('Microphone works')).toBeVisible();
	await meet(dana);
});

test('a browser that cannot seal frames is told so and takes no seat', async () => {
	const address = await link();
	const dana = await guest({ looks: looks.dana });
	await dana.context.addInitScript(() => {
		Reflect.deleteProperty(globalThis, 'RTCRtpScriptTransform');
	});
	const asked: string[] = [];
	const note = (one: { url(): string }) => asked.push(new URL(one.url()).pathname);
	dana.page.on('request', note).on('websocket', note);
	await dana.page.goto(address);
	await expectThat(dana.page.getByText('This browser cannot seal a call')).toBeVisible();
	expect(await faults(dana.page)).toEqual([]);
	expect(asked).toContain(new URL(address).pathname);
	expect(asked.filter((path) => /^\/api\/(places|socket)/.test(path))).toEqual([]);
	await maya.page.goto(server.address);
	const button = maya.page.getByRole('button', { name: 'Connect Dana Whitfield' }).first();
	expect(await button.isDisabled()).toBe(true);
});

test('a link that was cut has words, and so has one that was made with other keys', async () => {
	const address = await link();
	const dana = await guest({ looks: looks.dana });
	await dana.page.goto(address.slice(0, -3));
	await expectThat(dana.page.getByText('This link is not complete')).toBeVisible();
	const [place, fragment = ''] = address.split('#');
	const other = fragment.slice(0, -6) + (fragment.endsWith('AAAAAA') ? 'AAAABA' : 'AAAAAA');
	await dana.page.goto('about:blank');
	await dana.page.goto(`${place}#${other}`);
	await expectThat(dana.page.getByText('This link was made by somebody else’s keys')).toBeVisible();
});
