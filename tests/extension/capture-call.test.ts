import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Person, connect, newSession, person, sees, wait } from '../e2e/people.ts';
import { Stage } from './captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
let dana: Person;
beforeAll(async () => {
	[stage, dana] = await Promise.all([Stage.open(), person()]);
});
afterAll(() => Promise.all([stage?.close(), dana?.close()]));

const refusal = 'This tab shows a call without a recorder';

test('a page of a call is refused while it says nothing of its recorder, as one does that is loading', async () => {
	const tab = await stage.context.newPage();
	await tab.goto(`${stage.server.address}/j/${'A'.repeat(22)}`);
	await tab.getByRole('heading', { level: 1 }).waitFor();
	expect(await tab.locator('html[data-sotto-call]').count()).toBe(0);
	await stage.press(tab);
	await stage.refused(refusal);
	expect(await stage.state()).toBeNull();
	await tab.close();
});

test('a call is recorded while its own recorder is in it, and not before or after', async () => {
	const { app, server } = stage;
	const status = (name: string) => app.getByRole('status', { name, exact: true });
	await app.goto(server.address);
	const { links } = await newSession(app, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await app.goto(server.address);
	await connect(app, 'Dana Whitfield');
	await sees(app, 'Dana Whitfield');
	await app.locator('html[data-sotto-call="unrecorded"]').waitFor({ state: 'attached' });
	await stage.press(app);
	await stage.refused(refusal);
	expect(await stage.state()).toBeNull();
	await app.getByRole('button', { name: 'Start recording' }).click();
	await status('Recording').waitFor();
	await stage.start(app, 'The call itself');
	await app.getByRole('button', { name: 'Stop recording' }).click();
	await status('Recording ended').waitFor();
	await stage.is('gap');
	// Who goes away without loading the page again shows no call any more.
	await app.getByRole('button', { name: 'Leave' }).click();
	await app.getByRole('link', { name: 'Back to today' }).click();
	await stage.is('recording');
	await app.goBack();
	await stage.is('gap');
	await stage.stop();
});
