import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { colours, decodeErrors, mediaOf, tones } from '../e2e/analyse.ts';
import { looks } from '../e2e/media.ts';
import { isColour } from '../e2e/people.ts';
import { Stage } from './captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
beforeAll(async () => {
	stage = await Stage.open();
});
afterAll(() => stage?.close());

test('a click on the button, a statement, and the tab is recorded: its moving picture and its tone', async () => {
	const { app, server } = stage;
	const tab = await stage.openTab();
	await stage.start(tab, 'Case conference');
	expect(await stage.badge()).toBe('REC');
	await stage.recorded(8000);
	await stage.stop();
	expect(await stage.badge()).toBe('');
	await app.goto(`${server.address}/recordings`);
	const row = app.getByRole('row').filter({ hasText: 'Case conference' });
	await row.getByText('Captured tab').waitFor();
	await row.getByRole('link').click();
	await app.getByText('signed before it began').waitFor();
	await app.locator('video').waitFor({ state: 'attached' });
	const file = await mediaOf(app, 'Case conference');
	expect(decodeErrors(file)).toBe('');
	const shown = colours(file);
	expect(shown.length).toBeGreaterThan(10);
	for (const look of [looks.maya, looks.dana])
		expect(shown.filter((colour) => isColour(colour, look)).length).toBeGreaterThan(2);
	const heard = tones(file);
	expect(heard.dana.led).toBeGreaterThan(10);
	expect(heard.dana.strength).toBeGreaterThan(0.05);
	expect(stage.wrong).toEqual([]);
	await tab.close();
});

test('the server has nothing of what was said before, and nobody else gets a key', async () => {
	const { app, server } = stage;
	const { stdout } = await promisify(execFile)('grep', [
		'-rlaE',
		'Case conference|Weekly meeting|agreed to be recorded|Supervision of the',
		server.dataDir,
	]).catch(({ code }) => ({ stdout: code === 1 ? '' : 'not searched' }));
	expect(stdout).toBe('');
	const listed = app.waitForResponse((response) => /recordings\/briefs\?from/.test(response.url()));
	await app.goto(`${server.address}/recordings`);
	const { briefs } = await (await listed).json();
	expect(briefs).toHaveLength(1);
	const [{ source, state: is, session, host, recipients }] = briefs;
	expect({ source, is, session }).toEqual({ source: 'tab', is: 'finished', session: null });
	// Herself and "Practice records key": the extension’s own grant never went there.
	expect(recipients).toHaveLength(2);
	expect(recipients).toContain(host);
});
