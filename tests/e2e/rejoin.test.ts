import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { expect as expectThat } from './playwright.ts';

let server: TestServer;
let maya: Person;
let dana: Person;
let link = '';

beforeAll(async () => {
	server = await startServer();
	[maya, dana] = await Promise.all([person({ looks: looks.maya }), person({ looks: looks.dana })]);
	await setUp(maya.page, server.setupUrl ?? '');
	const made = await newSession(maya.page, ['Dana Whitfield']);
	link = made.links[0] ?? '';
	await wait(dana.page, link);
	await maya.page.goto(server.address);
	await connect(maya.page, 'Dana Whitfield');
	await both();
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close()]);
	await server?.stop();
});

afterEach(() => {
	const wrong = [...maya.complaints.splice(0), ...dana.complaints.splice(0)];
	if (wrong.length > 0) throw new Error(wrong.join('\n'));
});

/** Both see the other's picture move, now. */
async function both(): Promise<void> {
	await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
}

test('a participant who reloads in the middle comes back without being connected again', async () => {
	await dana.page.reload();
	await expectThat(dana.page.getByRole('button', { name: 'Leave' })).toBeVisible();
	await both();
});

test('a host who reloads in the middle comes back, and the participant need not do anything', async () => {
	await maya.page.reload();
	await expectThat(maya.page.getByRole('button', { name: 'End session for all' })).toBeVisible();
	await both();
});

test('a second tab of the same participant says so, and takes over when asked', async () => {
	const tab = await dana.context.newPage();
	await tab.goto(link);
	await expectThat(tab.getByText('This call is open in another tab')).toBeVisible();
	await sees(maya.page, 'Dana Whitfield');
	await tab.getByRole('button', { name: 'Use it here' }).click();
	await expectThat(
		dana.page.getByRole('heading', { name: 'The call went on in another tab' }),
	).toBeVisible();
	await sees(tab, 'Dr. Maya Okafor');
	await tab.close();
	await dana.page.getByRole('button', { name: 'Join again' }).click();
	await both();
});

test('a second tab of the host says so, and takes over when asked', async () => {
	const call = maya.page.url();
	const tab = await maya.context.newPage();
	await tab.goto(call);
	await expectThat(tab.getByText('This call is open in another tab')).toBeVisible();
	await both();
	await tab.getByRole('button', { name: 'Use it here' }).click();
	await expectThat(
		maya.page.getByRole('heading', { name: 'The call went on in another tab' }),
	).toBeVisible();
	await Promise.all([sees(tab, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	await tab.close();
	await maya.page.goto(call);
	await both();
});

test('the call goes on while the server is away, and the sockets come back by themselves', async () => {
	await server.kill('SIGKILL');
	await expectThat(
		maya.page.getByText('The server cannot be reached. The call goes on without it.'),
	).toBeVisible();
	await both();
	await server.restart();
	await expectThat(
		maya.page.getByText('The server cannot be reached. The call goes on without it.'),
	).toBeHidden();
	// What needs the server works again: somebody who reloads is brought back.
	await dana.page.reload();
	await both();
});

test('messages go from browser to browser', async () => {
	await maya.page.getByRole('button', { name: 'Messages' }).click();
	await maya.page
		.getByRole('textbox', { name: 'Message to Dana Whitfield' })
		.fill('Take your time.');
	await maya.page.getByRole('button', { name: 'Send' }).click();
	await dana.page.getByRole('button', { name: 'Messages' }).click();
	await expectThat(dana.page.getByText('Take your time.')).toBeVisible();
});

test('both read the same thirty digits, and the label says that they were compared', async () => {
	await maya.page.getByRole('button', { name: 'Verify Dana Whitfield' }).click();
	await dana.page.getByRole('button', { name: 'Verify Dr. Maya Okafor' }).click();
	const digits = (one: Person): Promise<string> =>
		one.page.getByRole('dialog').locator('.digits').innerText();
	const [mine, theirs] = await Promise.all([digits(maya), digits(dana)]);
	expect(mine.replaceAll(/\D/g, '')).toMatch(/^\d{30}$/);
	expect(theirs).toBe(mine);
	await maya.page.getByRole('button', { name: 'They match' }).click();
	await expectThat(maya.page.getByText('Compared by voice')).toBeVisible();
	await dana.page.getByRole('button', { name: 'They do not match' }).click();
	await expectThat(
		dana.page.getByRole('heading', { name: 'Somebody may be between you' }),
	).toBeVisible();
	await dana.page.getByRole('button', { name: 'Go back to the call' }).click();
});

test('whoever leaves loses the next key, and is let in again by the host only', async () => {
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await expectThat(dana.page.getByRole('heading', { name: 'You left the call' })).toBeVisible();
	const roster = maya.page.getByRole('region', { name: 'Who can see and hear this call' });
	await expectThat(roster.getByText('One member holds the key to this call.')).toBeVisible();
	await dana.page.getByRole('button', { name: 'Join again' }).click();
	await expectThat(
		dana.page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' }),
	).toBeVisible();
	await maya.page.getByRole('button', { name: 'Connect Dana Whitfield' }).click();
	await both();
});

test('a removed participant is told so and cannot come back', async () => {
	await maya.page.getByRole('button', { name: 'Remove Dana Whitfield' }).click();
	await maya.page.getByRole('button', { name: 'Take out' }).click();
	await expectThat(
		dana.page.getByRole('heading', { name: 'You were taken out of the call' }),
	).toBeVisible();
	await dana.page.reload();
	await expectThat(dana.page.getByText('You were taken out of the call')).toBeVisible();
});

test('ending the session ends it for all, and the link says so', async () => {
	await maya.page.getByRole('button', { name: 'End session for all' }).click();
	await maya.page.getByRole('button', { name: 'End it for all' }).click();
	await expectThat(maya.page.getByRole('heading', { name: 'The session has ended' })).toBeVisible();
	await dana.page.goto(link);
	await dana.page.reload();
	await expectThat(dana.page.getByText('This session has ended')).toBeVisible();
});
