import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { duration, mediaOf } from './analyse.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { expect as expectThat } from './playwright.ts';

let server: TestServer;
let maya: Person;
let dana: Person;
let tom: Person;

beforeAll(async () => {
	server = await startServer();
	[maya, dana, tom] = await Promise.all([
		person({ looks: looks.maya }),
		person({ looks: looks.dana }),
		person({ looks: looks.tom }),
	]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close(), tom?.close()]);
	await server?.stop();
});

const status = (one: Person, name: string) => one.page.getByRole('status', { name, exact: true });
const roster = (one: Person) =>
	one.page.getByRole('region', { name: 'Who can see and hear this call' }).getByRole('listitem');

test("without everybody's consent a call is met unrecorded, and says whose is missing", async () => {
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'decline');
	await expectThat(status(dana, 'Waiting for Dr. Maya Okafor')).toBeVisible();
	await expectThat(status(dana, 'You did not agree; nothing is recorded')).toBeVisible();
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	await expectThat(maya.page.getByText('Not yet: Dana Whitfield')).toBeVisible();
	expect(await maya.page.getByRole('button', { name: 'Start recording' }).isDisabled()).toBe(true);
	expect(await dana.page.getByRole('button', { name: 'Withdraw consent' }).count()).toBe(0);
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await maya.page.getByRole('button', { name: 'Leave' }).click();
	await maya.page.getByRole('link', { name: 'Back to today' }).click();
});

test('withdrawing stops the recording for everyone, the call goes on, and the request to delete is shown', async () => {
	const { links } = await newSession(maya.page, ['Dana Whitfield', 'Tom Becker'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await expectThat(status(dana, 'Recording')).toBeVisible();
	const began = Date.now();
	expect(await roster(dana).count()).toBe(3);

	// Somebody who has not agreed comes late: connecting takes the recorder out first, and says so.
	await wait(tom.page, links[1] ?? '', 'decline');
	await expectThat(
		maya.page.getByText(
			'Tom Becker has not agreed to be recorded. Connecting pauses the recording.',
		),
	).toBeVisible();
	await maya.page.getByRole('button', { name: 'Connect Tom Becker' }).click();
	await expectThat(status(dana, 'Recording paused')).toBeVisible();
	await Promise.all([sees(tom.page, 'Dr. Maya Okafor'), sees(dana.page, 'Tom Becker')]);
	expect(await roster(tom).count()).toBe(3);
	expect((await roster(tom).allInnerTexts()).join()).not.toContain('Recorder');
	expect(await maya.page.getByRole('button', { name: 'Resume recording' }).isDisabled()).toBe(true);
	await tom.page.getByRole('button', { name: 'Leave' }).click();
	await maya.page.getByRole('button', { name: 'Resume recording' }).click();
	await expectThat(status(dana, 'Recording')).toBeVisible();
	await maya.page.getByText(/^00:(0[6-9]|[1-5]\d)$/).waitFor();

	await dana.page.getByRole('button', { name: 'Withdraw consent' }).click();
	const dialog = dana.page.getByRole('dialog', { name: 'Stop recording me?' });
	await dialog.getByRole('checkbox', { name: 'Also ask to delete what was recorded' }).check();
	await dialog.getByRole('button', { name: 'Stop recording' }).click();
	const clicked = Date.now();
	await expectThat(status(dana, 'Recording ended')).toBeVisible();
	await expectThat(status(maya, 'Recording ended')).toBeVisible();
	expect(await roster(maya).count()).toBe(2);
	await expectThat(maya.page.getByText(/Dana Whitfield withdrew consent at/)).toBeVisible();
	await expectThat(
		dana.page.getByText('Your request to delete what was recorded was sent.'),
	).toBeVisible();
	const before = await dana.page.evaluate(
		() =>
			document.querySelector<HTMLVideoElement>('video[aria-label="Dr. Maya Okafor"]')
				?.currentTime ?? 0,
	);
	await dana.page.waitForFunction(
		(then) =>
			(document.querySelector<HTMLVideoElement>('video[aria-label="Dr. Maya Okafor"]')
				?.currentTime ?? 0) >
			then + 0.5,
		before,
	);
	// Resuming needs her consent again, so it is not offered.
	expect(await maya.page.getByRole('button', { name: 'Start recording' }).isDisabled()).toBe(true);

	await maya.page.getByRole('link', { name: 'Open the recording' }).click({ timeout: 60_000 });
	await expectThat(
		maya.page.getByText('Dana Whitfield asks that this recording is deleted'),
	).toBeVisible();
	await expectThat(maya.page.getByText(/Dana Whitfield agreed and withdrew/)).toBeVisible();
	const file = await mediaOf(maya.page, 'Dana Whitfield');
	expect(duration(file) * 1000).toBeLessThan(clicked - began + 500);
	await maya.page.getByRole('button', { name: 'Delete recording' }).click();
	await maya.page.getByRole('button', { name: 'Delete now' }).click();
	await expectThat(maya.page.getByText('This recording was deleted')).toBeVisible();
	for (const one of [maya, dana, tom]) expect(one.complaints).toEqual([]);
});

test('withdrawing while nothing is recorded holds nobody up, and no recording can be started after it', async () => {
	await maya.page.goto(server.address);
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	await dana.page.getByRole('button', { name: 'Withdraw consent' }).click();
	const dialog = dana.page.getByRole('dialog', { name: 'Stop recording me?' });
	await dialog.getByRole('button', { name: 'Stop recording' }).click();
	await expectThat(maya.page.getByText('Not yet: Dana Whitfield')).toBeVisible();
	const before = await maya.page.evaluate(timeOf, 'Dana Whitfield');
	await maya.page.waitForFunction(
		(then) =>
			(document.querySelector<HTMLVideoElement>('video[aria-label="Dana Whitfield"]')
				?.currentTime ?? 0) >
			then + 1,
		before,
	);
	expect(await maya.page.getByRole('button', { name: 'Start recording' }).isDisabled()).toBe(true);
	expect(await dana.page.getByText('Taking the key from the recorder').count()).toBe(0);
});

test('a host who reloads while recording finds no recorder that only seems to record', async () => {
	await maya.page.goto(server.address);
	const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await sees(maya.page, 'Dana Whitfield');
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await maya.page.getByText(/^00:(0[3-9]|[1-5]\d)$/).waitFor();
	maya.page.once('dialog', (ask) => void ask.accept());
	await maya.page.reload();
	await sees(maya.page, 'Dana Whitfield');
	await expectThat(maya.page.getByRole('button', { name: 'Start recording' })).toBeVisible();
	expect(await roster(dana).count()).toBe(2);
	expect((await roster(dana).allInnerTexts()).join()).not.toContain('Recorder');
	// It can be recorded again, by a recorder that is there.
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await maya.page.getByText(/^00:(0[2-9]|[1-5]\d)$/).waitFor();
	await expectThat(status(dana, 'Recording')).toBeVisible();
});

function timeOf(name: string): number {
	return document.querySelector<HTMLVideoElement>(`video[aria-label="${name}"]`)?.currentTime ?? 0;
}
