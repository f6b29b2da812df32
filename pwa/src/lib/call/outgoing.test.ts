import { expect, test, vi } from 'vitest';
import { Outgoing } from './outgoing.ts';

const candidate = (n: number): string => JSON.stringify({ type: 'candidate', candidate: { n } });
const offer = (length = 0): string => JSON.stringify({ type: 'offer', sdp: 'x'.repeat(length) });

function outgoing(held: boolean) {
	const sent: string[][] = [];
	return { sent, out: new Outgoing({ held, send: (signals) => sent.push(signals) }) };
}

test('a description goes at once, candidates of one moment go together', async () => {
	const { sent, out } = outgoing(false);
	out.push(offer());
	expect(sent).toEqual([[offer()]]);
	for (const n of [1, 2, 3]) out.push(candidate(n));
	expect(sent).toHaveLength(1);
	await vi.waitFor(() => expect(sent).toEqual([[offer()], [1, 2, 3].map(candidate)]));
});

test('an answer takes along what waited before it, in order', () => {
	const { sent, out } = outgoing(false);
	out.push(candidate(1));
	out.push(offer());
	expect(sent).toEqual([[candidate(1), offer()]]);
});

test('while it is held nothing is sent; then everything, in messages that fit', () => {
	const { sent, out } = outgoing(true);
	const signals = [
		offer(20_000),
		offer(20_000),
		...Array.from({ length: 40 }, (_, n) => candidate(n)),
	];
	for (const signal of signals) out.push(signal);
	expect(sent).toEqual([]);
	out.release();
	expect(sent.flat()).toEqual(signals);
	for (const message of sent) {
		expect(message.length).toBeLessThanOrEqual(32);
		expect(message.join('').length).toBeLessThan(32_000);
	}
});
