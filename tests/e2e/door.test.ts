import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { type Insider, reported, until } from './insider.ts';
import { participant } from './insiders.ts';
import { type Person, connect, newSession, person, setUp } from './people.ts';
import { expect as expectThat } from './playwright.ts';

// Who is let in by an address alone: a server can lead a page of its own wherever it likes.
let server: TestServer;
let maya: Person;
const inside: Insider[] = [];

beforeAll(async () => {
	server = await startServer();
	maya = await person();
	await setUp(maya.page, server.setupUrl ?? '');
});
afterAll(async () => {
	await maya?.close();
	await server?.stop();
});
afterEach(() => {
	for (const one of inside.splice(0)) one.close();
	const thrown = reported.splice(0);
	if (thrown.length > 0) throw thrown[0];
});

/** Somebody waits at a session of her own, with or without a proof that she has the link. */
async function waits(name: string, proves: boolean) {
	await maya.page.goto(server.address);
	const { id, links } = await newSession(maya.page, [name]);
	const guest = await participant(links[0] ?? '', { proves });
	inside.push(guest);
	return { guest, address: `${server.address}/call/${id}?connect=${guest.room.options.seat}` };
}

test('an address lets in nobody, whatever she proved: she is shown with her button at hand', async () => {
	for (const [name, proves, label] of [
		['Dana Whitfield', true, 'Joined with your private link'],
		['Tom Becker', false, 'Encrypted, identity not checked'],
	] as const) {
		const { guest, address } = await waits(name, proves);
		await maya.page.goto(address);
		const button = maya.page.getByRole('button', { name: `Connect ${name}` });
		await until(
			'it is focused',
			() => button.evaluate((it) => it === document.activeElement),
			20_000,
		);
		const row = maya.page.getByRole('listitem').filter({ has: button });
		await expectThat(row.getByText(label)).toBeVisible();
		expect(guest.room.epoch).toBe(undefined);
		await button.click();
		await until('it counts', () => guest.room.epoch, 20_000);
		await maya.page.getByRole('button', { name: 'Leave' }).click();
	}
});

test('who proved nothing is let in by a click on the dashboard, where that was shown', async () => {
	const { guest } = await waits('Lea Brandt', false);
	await maya.page.goto(server.address);
	await connect(maya.page, 'Lea Brandt');
	await until('she is in the epoch', () => guest.room.epoch, 20_000);
	await maya.page.getByRole('button', { name: 'Leave' }).click();
});
