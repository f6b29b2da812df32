import { beforeEach, expect, test, vi } from 'vitest';
import type { Clicked } from '#lib/call/clicked.ts';
import { Opening } from '#lib/call/opening.svelte.ts';

// What happens when somebody leaves, or goes on in another tab, while her call is being opened.
const host = {
	connectWhenThere: vi.fn<(seat: string, clicked?: Clicked) => Promise<void>>(async () => {}),
	letGo: vi.fn<() => Promise<void>>(async () => {}),
	leave: vi.fn<() => Promise<void>>(async () => {}),
};
const devices = {
	remember: vi.fn<(session: string) => void>(),
	openAgain: vi.fn<() => Promise<void>>(async () => {}),
	close: vi.fn<() => void>(),
};
const release = vi.fn<() => void>();
beforeEach(() => vi.clearAllMocks());

function opening(free = true) {
	const opened = Promise.withResolvers<typeof host>();
	const open = vi.fn<() => Promise<typeof host>>(() => opened.promise);
	const tab = { take: async (steal: boolean) => free || steal, release };
	return { opened, open, one: new Opening({ session: 'session', devices, tab, open }) };
}

test('a call that was left while it opened is not entered', async () => {
	const { one, opened, open } = opening();
	const entering = one.enter('seat');
	await vi.waitFor(() => expect(open).toHaveBeenCalled());
	one.close(false);
	opened.resolve(host);
	await entering;
	expect(one.host).toBe(undefined);
	expect(host.leave).toHaveBeenCalledOnce();
	expect(host.connectWhenThere).not.toHaveBeenCalled();
	expect(devices.close).toHaveBeenCalled();
	expect(release).toHaveBeenCalledOnce();
});

test('a call that was left while the camera was asked for is not even opened', async () => {
	const { one, open } = opening();
	const asked = Promise.withResolvers<void>();
	devices.openAgain.mockReturnValueOnce(asked.promise);
	const entering = one.enter(null);
	one.close(false);
	asked.resolve();
	await entering;
	expect(open).not.toHaveBeenCalled();
	expect(devices.close).toHaveBeenCalled();
});

test('another tab takes it while it opens: this one says so, and may take it back', async () => {
	const { one, opened, open } = opening();
	const entering = one.enter(null);
	await vi.waitFor(() => expect(open).toHaveBeenCalled());
	one.lost();
	opened.resolve(host);
	await entering;
	expect([one.host, one.elsewhere]).toEqual([undefined, true]);
	await one.useHere();
	const clicked = { session: 'session', seat: 'seat', knock: null };
	await one.enter('seat', clicked);
	expect([one.host, one.elsewhere]).toEqual([host, false]);
	expect(host.connectWhenThere).toHaveBeenCalledWith('seat', clicked);
	one.lost();
	expect(host.letGo).toHaveBeenCalledOnce();
});

test('while another tab has the call, nothing is opened', async () => {
	const { one, open } = opening(false);
	await one.enter(null);
	expect(one.elsewhere).toBe(true);
	expect(open).not.toHaveBeenCalled();
	expect(devices.openAgain).not.toHaveBeenCalled();
});
