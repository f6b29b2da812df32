import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newId } from '../../wire.ts';
import { FakeBrowser } from './browser.ts';

const browser = new FakeBrowser();
let notNow: typeof import('../../../extension/background/presence/notnow.ts');
let memory: typeof import('../../../extension/background/presence/memory.ts');
beforeAll(async () => {
	browser.install();
	[notNow, memory] = await Promise.all([
		import('../../../extension/background/presence/notnow.ts'),
		import('../../../extension/background/presence/memory.ts'),
	]);
});
afterAll(() => vi.unstubAllGlobals());

const arrival = () => ({ session: newId(), seat: newId(), since: 1 });
const [heard, elsewhere, later] = [arrival(), arrival(), arrival()];
const say = (practice: string) =>
	notNow.sayUnsaid({
		origin: `https://${practice}.example.org`,
		practice,
		token: async () => 'token',
	});

test('a server that does not answer keeps no Not now from being kept, there or elsewhere', async () => {
	const { keepUnsaid } = notNow;
	const { readUnsaid } = memory;
	const answer = Promise.withResolvers<Response>();
	const asked: string[] = [];
	vi.stubGlobal('fetch', async (url: string) => {
		asked.push(new URL(url).hostname);
		return url.includes('alder') ? answer.promise : new Response(null, { status: 204 });
	});
	await keepUnsaid('alder', [heard]);
	const saying = say('alder');
	await vi.waitFor(() => expect(asked).toEqual(['alder.example.org']));
	await keepUnsaid('birch', [elsewhere]);
	expect(await readUnsaid('birch')).toEqual([elsewhere]);
	await say('birch');
	expect(await readUnsaid('birch')).toEqual([]);
	await keepUnsaid('alder', [later]);
	answer.resolve(new Response(null, { status: 204 }));
	await saying;
	// What was said meanwhile was not heard yet.
	expect(await readUnsaid('alder')).toEqual([later]);
});
