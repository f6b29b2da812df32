import type { Page } from 'playwright-core';
import { newSession, setUp, wait } from '../../tests/e2e/people.ts';
import { expect } from '../../tests/e2e/playwright.ts';
import { type TestServer, startServer } from '../../tests/server.ts';
import { type Someone, someone } from './people.ts';
import { noteMoments } from './stopwatch.ts';

/** A practice on a server of its own, its clinician and a patient in two browsers. */
export interface Stage {
	readonly server: TestServer;
	readonly host: Someone;
	readonly guest: Someone;
	close(): Promise<void>;
}

export const guestName = 'Dana Whitfield';
export const hostName = 'Dr. Maya Okafor';

export async function openStage(env: Record<string, string> = {}): Promise<Stage> {
	const server = await startServer({ env });
	const [host, guest] = await Promise.all([someone(), someone()]);
	for (const { context } of [host, guest]) await noteMoments(context);
	await setUp(host.page, server.setupUrl ?? '');
	return {
		server,
		host,
		guest,
		close: async () => {
			await Promise.all([host.close(), guest.close()]);
			await server.stop();
		},
	};
}

/** A new session whose patient waits with her camera on. Gives the session's id. */
export async function waiting(stage: Stage, options: { record?: boolean } = {}): Promise<string> {
	const { server, host, guest } = stage;
	await host.page.goto(server.address);
	const { id, links } = await newSession(host.page, [guestName], options);
	await wait(guest.page, links[0] ?? '', options.record ? 'agree' : undefined);
	return id;
}

export const connectButton = (page: Page) =>
	page.getByRole('button', { name: `Connect ${guestName}` }).first();

/** The clinician is in the room, alone, and sees that the patient waits. */
export async function enterRoom(stage: Stage, id: string): Promise<void> {
	const { server, host } = stage;
	await host.page.goto(`${server.address}/call/${id}`);
	await expect(connectButton(host.page)).toBeEnabled();
	// Until her own picture is there.
	await host.page.waitForFunction(() =>
		[...document.querySelectorAll('video')].some((one) => one.muted && one.videoWidth > 0),
	);
}
