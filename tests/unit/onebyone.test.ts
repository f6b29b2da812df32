import { afterAll, expect, test, vi } from 'vitest';

const raw = <T>(value: T): T => value;
vi.stubGlobal('$state', Object.assign(raw, { raw }));
afterAll(() => void vi.unstubAllGlobals());
const { OneByOne } = await import('#lib/people/oneByOne.svelte.ts');

test('one after another: what fails stops none of the others, and what was done before a stop stays done', async () => {
	const steps = new OneByOne();
	const done: string[] = [];
	await steps.run(['a', 'b', 'c'], async (id) => {
		if (id === 'b') throw new Error('conflict');
		done.push(id);
	});
	expect([steps.state, steps.ended, steps.total, done]).toEqual(['done', 3, 3, ['a', 'c']]);
	expect(steps.failed.map(({ id }) => id)).toEqual(['b']);
	done.length = 0;
	await steps.run(['a', 'b', 'c'], async (id, signal) => {
		if (id === 'b') steps.cancel();
		// What was under way when it was stopped is not told as a failure.
		signal.throwIfAborted();
		done.push(id);
	});
	expect([steps.state, steps.ended, done, steps.failed]).toEqual(['cancelled', 1, ['a'], []]);
});
