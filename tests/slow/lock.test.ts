import { afterAll, expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { connect, newSession, person, setUp, wait } from '../e2e/people.ts';

const server = await startServer();
const [maya, dana, tom] = await Promise.all([person(), person(), person()]);
afterAll(async () => {
	await Promise.all([maya, dana, tom].map((one) => one.close()));
	await server.stop();
});

test('Lock in another tab leaves a call its keys until it ends, and no longer', async () => {
	await setUp(maya.page, server.setupUrl ?? '');
	const { links } = await newSession(maya.page, ['Dana Whitfield', 'Tom Becker']);
	await maya.page.getByRole('link', { name: 'Back to today' }).click();
	await wait(dana.page, links[0] ?? '');
	await maya.page.getByRole('status', { name: 'Dana Whitfield is waiting' }).waitFor();
	await connect(maya.page, 'Dana Whitfield');
	const roster = maya.page.getByRole('region', { name: 'Who can see and hear this call' });
	await roster.getByRole('listitem').filter({ hasText: 'Dana Whitfield' }).waitFor();
	const other = await maya.context.newPage();
	await other.goto(server.address);
	await other.getByRole('button', { name: 'Lock' }).click();
	await other.getByRole('button', { name: 'Unlock' }).waitFor();
	// Only who holds the host's identity can let somebody in.
	await wait(tom.page, links[1] ?? '');
	await maya.page.getByRole('button', { name: 'Connect Tom Becker' }).click();
	await roster.getByRole('listitem').filter({ hasText: 'Tom Becker' }).waitFor();
	await maya.page.getByRole('button', { name: 'Leave' }).click();
	await maya.page.getByRole('link', { name: 'Back to today' }).click();
	await maya.page.getByRole('button', { name: 'Unlock' }).waitFor();
	expect(maya.complaints).toEqual([]);
});
