import { expect, test, vi } from 'vitest';
import { IdleWatch } from '#lib/account/idle.ts';
import { hold, isBusy, workHere } from '#lib/net/busy.ts';

const limitMs = 400;

function watch() {
	const calls = { onidle: vi.fn<() => void>(), onactive: vi.fn<() => void>() };
	return { ...calls, idle: new IdleWatch({ limitMs, ...calls }) };
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('nobody at the device for the limit: it says so', async () => {
	const { idle, onidle } = watch();
	await pass(limitMs / 2);
	expect(onidle).not.toHaveBeenCalled();
	await vi.waitFor(() => expect(onidle).toHaveBeenCalled());
	idle.stop();
});

test('somebody who types keeps it open, and the server hears of it', async () => {
	const { idle, onidle, onactive } = watch();
	for (let times = 0; times < 5; times++) {
		await pass(limitMs / 2);
		dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }));
	}
	expect(onidle).not.toHaveBeenCalled();
	expect(onactive).toHaveBeenCalled();
	idle.stop();
});

test('a call counts as somebody, until it ends', async () => {
	const { idle, onidle, onactive } = watch();
	const release = hold('in-call');
	await vi.waitFor(async () => expect(await isBusy()).toBe(true));
	await pass(limitMs * 3);
	expect(onidle).not.toHaveBeenCalled();
	expect(onactive).toHaveBeenCalled();
	release();
	await vi.waitFor(() => expect(onidle).toHaveBeenCalled());
	idle.stop();
});

test('a device that slept through the limit is not woken open', () => {
	vi.useFakeTimers({ toFake: ['Date', 'setInterval'] });
	const { idle, onactive } = watch();
	vi.setSystemTime(Date.now() + limitMs);
	dispatchEvent(new PointerEvent('pointerdown'));
	expect(onactive).not.toHaveBeenCalled();
	idle.stop();
	vi.useRealTimers();
});

test('a tab knows what it holds itself, until all of it has ended', async () => {
	expect(workHere()).toBe(undefined);
	const releases = [hold('in-call'), hold('recording')];
	const ended = vi.fn<() => void>();
	void workHere()?.then(ended);
	releases[0]?.();
	await pass(10);
	expect(ended).not.toHaveBeenCalled();
	releases[1]?.();
	await vi.waitFor(() => expect(ended).toHaveBeenCalled());
	expect(workHere()).toBe(undefined);
});

test('a shorter limit holds at once, for the time that has passed too', async () => {
	const calls = { onidle: vi.fn<() => void>(), onactive: vi.fn<() => void>() };
	const idle = new IdleWatch({ limitMs: 60 * 60_000, ...calls });
	await pass(limitMs);
	expect(calls.onidle).not.toHaveBeenCalled();
	idle.limit(limitMs);
	await vi.waitFor(() => expect(calls.onidle).toHaveBeenCalled());
	idle.stop();
});
