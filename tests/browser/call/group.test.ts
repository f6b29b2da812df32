import { afterEach, expect, test, vi } from 'vitest';
import { type Page, Wire, closePages, page, twoEpochs } from './pages.ts';

// What two people in a call do together, over a real connection between two pages.
vi.setConfig({ testTimeout: 60_000 });
afterEach(closePages);

async function meet() {
	const [hosts, guests] = await twoEpochs();
	const wire = new Wire();
	const host = await page({ wire, at: 0, epoch: hosts });
	const guest = await page({ wire, at: 1, epoch: guests });
	await guest.links.follow(true);
	await host.links.follow(true);
	for (const one of [host, guest])
		await expect.poll(() => one.links.primary(), { timeout: 20_000 }).toBeTruthy();
	return { wire, host, guest };
}

const other = ({ links }: Page): string => [...links.tiles.keys()][0] ?? '';

test('a private message is unread until it is looked at, and goes past the server and every store', async () => {
	const { wire, host, guest } = await meet();
	const stored = async () => [
		localStorage.length,
		sessionStorage.length,
		(await indexedDB.databases()).map(({ name }) => name),
	];
	const before = await stored();
	expect(await guest.group.chat.say(other(guest), 'The blue house')).toBe(true);
	const from = other(host);
	await expect.poll(() => host.group.chat.unread(from)).toBe(1);
	expect(host.group.chat.unreadOfAll).toBe(1);
	expect(host.group.chat.lines(from)).toMatchObject([
		{ text: 'The blue house', mine: false, all: false },
	]);
	host.group.chat.read(from);
	expect(host.group.chat.unreadOfAll).toBe(0);
	// What connects them went by way of the server; what they write did not.
	expect(wire.carried).toContain('signal');
	expect(wire.carried).not.toContain('chat');
	expect(await stored()).toEqual(before);
});

test('without a connection a message stays with who wrote it', async () => {
	const { guest, host } = await meet();
	host.close();
	const [tile] = guest.links.tiles.values();
	if (!tile) throw new Error('nobody is there');
	await expect.poll(() => guest.links.tiles.get(tile.key)?.link).not.toBe('connected');
	expect(await guest.group.chat.say(tile.key, 'Hello?')).toBe(false);
	expect(guest.group.chat.lines(tile.key)).toEqual([]);
});

test('"to all" is believed of the host alone', async () => {
	const { host, guest } = await meet();
	await host.group.chat.sayToAll([other(host)], 'Ten minutes left');
	await guest.group.chat.sayToAll([other(guest)], 'I am the host');
	const heard = ({ group }: Page, key: string) => group.chat.lines(key).filter(({ mine }) => !mine);
	await expect
		.poll(() => heard(guest, other(guest)))
		.toMatchObject([{ text: 'Ten minutes left', all: true }]);
	await expect
		.poll(() => heard(host, other(host)))
		.toMatchObject([{ text: 'I am the host', all: false }]);
});

test('the host mutes everyone, and nobody mutes the host', async () => {
	const { host, guest } = await meet();
	await guest.links.sendDirect(other(guest), { type: 'mute' });
	host.group.muteAll();
	await expect.poll(() => guest.devices.muted).toBe(true);
	expect(guest.group.mutedBy).not.toBe(null);
	expect(guest.group.news.map(({ what }) => what)).toContain('muted');
	// Hers came first.
	expect([host.devices.muted, host.group.mutedBy]).toEqual([false, null]);
	// And she can speak again when she wants to.
	guest.devices.mute(false);
	expect(guest.devices.muted).toBe(false);
});

test('a hand that goes up is told, and one that goes down', async () => {
	const { host, guest } = await meet();
	guest.group.raise(true);
	await expect.poll(() => host.group.hands.has(other(host))).toBe(true);
	guest.group.raise(false);
	await expect.poll(() => host.group.hands.has(other(host))).toBe(false);
	expect(host.group.news.map(({ what }) => what)).toEqual(['hand', 'hand-down']);
});

test('people show each other the head of the history that the server showed them, and a fork is said', async () => {
	const [hosts, guests] = await twoEpochs();
	const wire = new Wire();
	const host = await page({ wire, at: 0, epoch: hosts });
	const guest = await page({ wire, at: 1, epoch: guests });
	const shown = (mine: string, strange: string) => ({
		mine: () => Promise.resolve(mine),
		compare: async (note: string) =>
			note === strange ? ({ is: 'forked', size: 7 } as const) : undefined,
	});
	host.group.heads = shown('what the host saw', 'what the guest saw');
	guest.group.heads = shown('what the guest saw', 'something else');
	await guest.links.follow(true);
	await host.links.follow(true);
	await expect.poll(() => host.group.forked, { timeout: 20_000 }).toBe(true);
	expect([guest.group.forked, guest.group.doubted]).toEqual([false, false]);
	// It went inside the group's messages, past the server.
	expect(wire.carried).not.toContain('head');
});
