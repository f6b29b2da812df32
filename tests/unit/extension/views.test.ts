import { expect, test, vi } from 'vitest';
import { withPairings } from '../../../extension/background/presence/views.ts';
import type { PracticeView, State } from '../../../extension/shared/state.ts';

type Pairings = Parameters<typeof withPairings>[1];
type Pairing = Pairings[number];

const row: Omit<Pairing, 'practice' | 'signing' | 'presence'> = {
	origin: 'https://visit.example.org',
	practiceName: 'Alder',
	member: 'maya',
	memberName: 'Maya',
	identity: new Uint8Array(32),
	device: 'device',
	pairedAt: 1,
};
const keys = async (name: 'Ed25519' | 'X25519', usages: KeyUsage[]) => {
	const made = await crypto.subtle.generateKey(name, false, usages);
	if (!('privateKey' in made)) throw new TypeError('a pair was asked for');
	return { publicKey: new Uint8Array(32), privateKey: made.privateKey };
};
const pairing = async (practice: string): Promise<Pairing> => ({
	...row,
	practice,
	signing: await keys('Ed25519', ['sign', 'verify']),
	presence: await keys('X25519', ['deriveBits']),
});

const links = ({ practices }: State) => practices.map(({ link }) => link);
const empty: State = { practices: [], capture: null };

test('a connection that goes on stays what it is when another practice is paired or removed', async () => {
	vi.useFakeTimers({ toFake: ['Date'], now: 1000 });
	const [alder, birch, quay] = await Promise.all(['alder', 'birch', 'quay'].map(pairing));
	if (!alder || !birch || !quay) throw new Error('three were made');
	const is = new Map<string, PracticeView['link']>([
		['alder', 'connected'],
		['birch', 'revoked'],
	]);
	const linkOf = ({ practice }: Pairing) => is.get(practice);
	const before = withPairings(empty, [alder, birch], linkOf);
	vi.setSystemTime(2000);
	const after = withPairings(before, [alder, birch, quay], linkOf);
	expect(links(after)).toEqual(['connected', 'revoked', 'connecting']);
	expect(after.practices.map(({ linkSince }) => linkSince)).toEqual([1000, 1000, 2000]);
	expect(links(withPairings(after, [birch], linkOf))).toEqual(['revoked']);
	vi.useRealTimers();
});

test('a worker that starts again connects anew, and remembers since when the server is away', async () => {
	vi.useFakeTimers({ toFake: ['Date'], now: 1000 });
	const [alder, birch] = await Promise.all(['alder', 'birch'].map(pairing));
	if (!alder || !birch) throw new Error('two were made');
	const linkOf = ({ practice }: Pairing) => (practice === 'alder' ? 'offline' : 'connected');
	const before = withPairings(empty, [alder, birch], linkOf);
	vi.setSystemTime(2000);
	const after = withPairings(before, [alder, birch], () => undefined);
	expect(links(after)).toEqual(['offline', 'connecting']);
	expect(after.practices.map(({ linkSince }) => linkSince)).toEqual([1000, 2000]);
	vi.useRealTimers();
});
