import { expect, test } from 'vitest';
import { random } from '#crypto/bytes.ts';
import {
	dana,
	guest,
	host,
	letIn,
	lists,
	maya,
	moves,
	patient,
	profile,
	stage,
	stopMs,
	undisturbed,
	watch,
} from './forging.ts';
import { until } from './insider.ts';
import { processesOf } from './processes.ts';

stage();

test('the pictures move while nobody does anything', async () => {
	const { listed, stoppedMs } = await watch(3);
	expect(stoppedMs).toBeLessThan(stopMs);
	expect(listed).toEqual([patient, host]);
});

test('a garbage epoch that wins the race and names everybody does not stop the call', async () => {
	const insider = await letIn('Tom');
	const before = insider.room.newest;
	const watching = watch(6);
	expect(await insider.offer(random(900), insider.room.others())).toBe(before + 1);
	expect(await undisturbed(watching)).toEqual([patient, host, 'Tom']);
});

test('a browser that was stopped through three epochs comes back by itself', async () => {
	const una = await letIn('Una');
	const before = una.epoch.generation;
	const processes = processesOf(profile);
	expect(processes.length).toBeGreaterThan(1);
	for (const pid of processes) process.kill(pid, 'SIGSTOP');
	try {
		// Somebody leaves, somebody comes, and she makes one: nobody waits for the one who is stopped.
		await una.socket.request({ type: 'leave' });
		const vic = await guest('Vic');
		await maya.page.getByRole('button', { name: 'Connect Vic' }).first().click();
		await until('Vic is in', () => vic.room.epoch, 20_000);
		await until('Una is out', () => vic.names.length === 3, 20_000);
		await vic.room.change(() => ({}));
		expect(vic.epoch.generation).toBeGreaterThanOrEqual(before + 3);
	} finally {
		for (const pid of processes) process.kill(pid, 'SIGCONT');
	}
	await Promise.all([moves(dana, host), moves(maya, patient)]);
	await lists([host, patient, 'Vic']);
});
