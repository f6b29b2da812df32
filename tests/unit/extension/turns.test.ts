import { expect, test } from 'vitest';
import { latest, turnsOf } from '../../../extension/background/turns.ts';

test('what is slow for one holds up no other, and work of one is done in turn', async () => {
	const inTurn = turnsOf();
	const done: string[] = [];
	const slow = Promise.withResolvers<void>();
	const first = inTurn('alder', async () => {
		await slow.promise;
		done.push('alder 1');
	});
	const second = inTurn('alder', async () => void done.push('alder 2'));
	await inTurn('birch', async () => void done.push('birch'));
	expect(done).toEqual(['birch']);
	slow.resolve();
	await Promise.all([first, second]);
	expect(done).toEqual(['birch', 'alder 1', 'alder 2']);
});

test('work that is asked for often while it is done is done once more, after what it was asked for', async () => {
	let asked = 0;
	const saw: number[] = [];
	const slow = Promise.withResolvers<void>();
	const work = latest(async () => {
		saw.push(asked);
		await slow.promise;
	});
	const all = [work()];
	await Promise.resolve();
	for (asked = 1; asked < 100; asked++) all.push(work());
	slow.resolve();
	await Promise.all(all);
	expect(saw).toEqual([0, 100]);
	slow.resolve();
	await work();
	expect(saw.length).toBe(3);
});
