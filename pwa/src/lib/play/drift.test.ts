import { expect, test } from 'vitest';
import { follow } from './drift.ts';

test('a drift that nobody notices is left alone', () => {
	for (const driftMs of [0, 60, -60, 100, -100])
		expect(follow({ driftMs, speed: 1, correcting: false })).toEqual({
			rate: 1,
			correcting: false,
			jump: false,
		});
});

test('a drift above 100 ms is worked off by 3 % of the chosen speed', () => {
	expect(follow({ driftMs: 101, speed: 1.5, correcting: false }).rate).toBeCloseTo(1.455);
	expect(follow({ driftMs: -101, speed: 1.5, correcting: false }).rate).toBeCloseTo(1.545);
});

test('a correction goes on until the two are close', () => {
	expect(follow({ driftMs: 60, speed: 1, correcting: true }).correcting).toBe(true);
	expect(follow({ driftMs: 25, speed: 1, correcting: true }).correcting).toBe(false);
});

test('a correction comes to its end from any drift below a jump', () => {
	for (const start of [-1000, -300, 150, 999]) {
		let [driftMs, correcting, ticks] = [start, false, 0];
		do {
			const next = follow({ driftMs, speed: 1, correcting });
			correcting = next.correcting;
			driftMs += 100 * (next.rate - 1);
			ticks++;
		} while (correcting && ticks < 1000);
		expect(Math.abs(driftMs)).toBeLessThanOrEqual(25);
		expect(ticks).toBeLessThan(400);
	}
});

test('whoever is more than a second away jumps', () => {
	expect(follow({ driftMs: 1001, speed: 1, correcting: true }).jump).toBe(true);
	expect(follow({ driftMs: -1001, speed: 1, correcting: false }).jump).toBe(true);
});
