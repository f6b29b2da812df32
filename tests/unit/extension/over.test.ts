import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { generateX25519 } from '#crypto/identity/x25519.ts';
import type { Pairing } from '../../../extension/pairing/store.ts';
import { newId } from '../../wire.ts';
import { FakeBrowser } from './browser.ts';
import { Socket } from './socket.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const browser = new FakeBrowser();
beforeAll(() => {
	browser.install();
	vi.stubGlobal('location', { origin: 'chrome-extension://own' });
});
afterAll(() => vi.unstubAllGlobals());

// It is for a service worker's own types, which this folder does not have.
interface Module {
	readonly Practice: new (paired: Omit<Pairing, 'signing' | 'presence'>) => {
		check(): void;
		close(): void;
	};
}
const practices = 'practice';
const load = (): Promise<Module> =>
	import(/* @vite-ignore */ `../../../extension/background/presence/${practices}.ts`);

const now = Date.now();
const seat = {
	seat: newId(),
	kind: 'participant',
	place: newId(),
	present: true,
	state: 'waiting',
	since: now,
	knock: null,
};
const waiting = { type: 'waiting', sessions: [{ session: newId(), seats: [seat] }], more: false };

test('a practice that was removed shows nobody, also when its server answers after that', async () => {
	const { Practice } = await load();
	const { forget } = await import('../../../extension/background/presence/notify.ts');
	const day = Promise.withResolvers<Response>();
	let asked = 0;
	const answers = {
		'/api/device/challenge': { nonce: 'A'.repeat(43) },
		'/api/device/token': { token: 'token', expiresInMs: 900_000 },
	};
	vi.stubGlobal('fetch', async (url: string) => {
		const { pathname } = new URL(url);
		if (pathname === '/api/presence/day') asked++;
		const found = Object.entries(answers).find(([path]) => path === pathname);
		return found ? Response.json(found[1]) : (await day.promise).clone();
	});
	vi.stubGlobal('WebSocket', Socket);
	const [signing, presence] = await Promise.all([generateSigningKey(), generateX25519()]);
	const pairing = () => ({
		practice: newId(),
		origin: 'https://visit.example.org',
		practiceName: 'Alder',
		member: newId(),
		memberName: 'Maya',
		identity: signing.publicKey,
		device: newId(),
		pairedAt: now,
		signing,
		presence,
	});
	const pairings = [pairing(), pairing()];
	const [first] = pairings.map((paired) => {
		const practice = new Practice(paired);
		practice.check();
		return { practice, paired };
	});
	if (!first) throw new Error('two were made');
	await vi.waitFor(() => expect(Socket.all.length).toBe(2));
	for (const socket of Socket.all)
		for (const message of [{ type: 'ready', now }, waiting]) socket.say(JSON.stringify(message));
	await vi.waitFor(() => expect(asked).toBe(2));
	first.practice.close();
	await forget(first.paired.practice);
	day.resolve(Response.json({ now, sessions: [], recordings: [], dismissed: [] }));
	await vi.waitFor(() => expect(browser.shown.size).toBeGreaterThan(0));
	// In the turn of the first, after whatever it may still do.
	await forget(first.paired.practice);
	expect(browser.told.map(({ id }) => id.includes(first.paired.practice))).toEqual([false]);
});
