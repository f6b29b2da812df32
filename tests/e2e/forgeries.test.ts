import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import {
	dana,
	decoded,
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

test('whoever stands in the waiting room, in the relay and in no list, gets no answer and no frame', async () => {
	const tom = await guest('Wim');
	const letters: unknown[] = [];
	tom.socket.listen((message) => {
		if (message.type === 'relay') letters.push(message);
	});
	const hosts = [...tom.room.seats.values()].find(({ kind }) => kind === 'host')?.seat ?? '';
	// What a client without a key can say: an offer in the clear, and noise that claims to be sealed.
	const offer = JSON.stringify({ type: 'offer', sdp: 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n' });
	const signal = { type: 'signal', link: toBase64url(random(16)), signals: [offer] };
	const generation = Buffer.of(0, 0, 0, tom.room.newest || 1);
	const bodies = [
		Buffer.from(JSON.stringify(signal)),
		Buffer.concat([generation, Buffer.from(JSON.stringify(signal))]),
		Buffer.concat([generation, random(400)]),
	];
	for (const body of bodies)
		await tom.socket.request({ type: 'relay', to: hosts, body: body.toString('base64url') });
	const { stoppedMs } = await watch(2);
	expect(stoppedMs).toBeLessThan(stopMs);
	expect(letters).toEqual([]);
	expect(tom.held).toEqual([]);
	expect(await decoded(maya, 'Wim')).toBe(0);
	const list = maya.page.getByRole('region', { name: 'Who can see and hear this call' });
	expect(await list.getByRole('listitem').count()).toBe(2);
	// Nobody but a member in the call gets a key package of anybody.
	await expect(tom.take([hosts])).rejects.toThrow('not-in-call');
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
