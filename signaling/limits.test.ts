import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { assert, array, integer, nat, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { addressOf } from './address.ts';
import { ServerError } from './errors.ts';
import { Expiring } from './expiring.ts';
import { Tries } from './tries.ts';

class Clock {
	ms = 0;
	now = () => this.ms;
	monotonic = () => this.ms;
}

test('an entry runs out, is given out once, and the oldest makes room', () => {
	const clock = new Clock();
	const map = new Expiring<number>({ clock, lifeMs: 100, max: 3 });
	map.set('a', 1);
	clock.ms = 99;
	expect(map.get('a')).toBe(1);
	clock.ms = 100;
	expect(map.get('a')).toBeUndefined();
	for (const [n, key] of ['b', 'c', 'd', 'e'].entries()) map.set(key, n);
	expect(map.get('b')).toBeUndefined();
	expect(map.take('c')).toBe(1);
	expect(map.take('c')).toBeUndefined();
	map.deleteWhere((value) => value === 3);
	expect([map.get('d'), map.get('e')]).toEqual([2, undefined]);
});

/** Counts a try; whether it was refused. */
function refused(tries: Tries, name: number): boolean {
	try {
		tries.count(`${name}`, { max: 3, windowMs: 100 });
		return false;
	} catch (error) {
		return error instanceof ServerError && error.code === 'too-many-tries';
	}
}

test('no order of tries gets more than the limit into a window', () => {
	const step = record({ name: integer({ min: 0, max: 2 }), wait: nat(40) });
	assert(
		property(array(step, { maxLength: 60 }), (steps) => {
			const clock = new Clock();
			const tries = new Tries(clock);
			const counted = new Map<number, number[]>();
			for (const { name, wait } of steps) {
				clock.ms += wait;
				if (refused(tries, name)) continue;
				counted.set(name, [...(counted.get(name) ?? []), clock.ms]);
			}
			// Windows begin with the first try: of any seven in a row, two windows' worth, some are 100 apart.
			for (const times of counted.values())
				for (const [at, time] of times.entries())
					expect((times[at + 6] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThanOrEqual(100);
		}),
	);
});

test('what is forgiven is forgotten', () => {
	const tries = new Tries(new Clock());
	const limit = { max: 1, windowMs: 100 };
	tries.count('a', limit);
	expect(() => tries.count('a', limit)).toThrow('too-many-tries');
	tries.forgive('a');
	tries.count('a', limit);
});

test('x-forwarded-for counts from the end, and only as far as proxies are trusted', () => {
	const socket = new Socket();
	Object.defineProperty(socket, 'remoteAddress', { value: '10.0.0.1' });
	const request = new IncomingMessage(socket);
	request.headers['x-forwarded-for'] = '6.6.6.6, 9.9.9.9, 10.0.0.2';
	expect(addressOf(request, 0)).toBe('10.0.0.1');
	expect(addressOf(request, 1)).toBe('10.0.0.2');
	expect(addressOf(request, 2)).toBe('9.9.9.9');
	expect(addressOf(request, 4)).toBe('10.0.0.1');
});
