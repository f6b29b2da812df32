import { expect, test } from 'vitest';
import { fromHex, random } from '#crypto/bytes.ts';
import { groupsOf, safetyDigits } from './digits.ts';

test('the same authenticator gives the same 30 digits, another gives others', async () => {
	const authenticator = random(32);
	const digits = await safetyDigits(authenticator);
	expect(digits).toMatch(/^(?:\d{5} ){5}\d{5}$/);
	expect(await safetyDigits(authenticator.slice())).toBe(digits);
	authenticator[31] = (authenticator[31] ?? 0) ^ 1;
	expect(await safetyDigits(authenticator)).not.toBe(digits);
});

test('they are the documented derivation', async () => {
	const authenticator = fromHex('000102030405060708090a0b0c0d0e0f'.repeat(2));
	// Worked out with another PBKDF2 (Python's hashlib).
	expect(await safetyDigits(authenticator)).toBe('66114 14149 37506 57701 59692 53866');
});

test('an authenticator has 32 bytes', async () => {
	await expect(safetyDigits(random(16))).rejects.toThrow(TypeError);
});

const group = (hex: string) => hex.padStart(10, '0');

test('numbers that would make some digits likelier are skipped', () => {
	// 2^40 - 1 and the limit itself are skipped, the number below the limit is not.
	const skipped = ['ffffffffff', (1_099_511_600_000).toString(16)].map(group);
	const kept = [1_099_511_599_999, 0, 7, 100_000, 123_456, 99_999].map((n) =>
		group(n.toString(16)),
	);
	const filling = '00'.repeat(20);
	const text = groupsOf(fromHex([...skipped, ...kept].join('') + filling));
	expect(text).toBe('99999 00000 00007 00000 23456 99999');
	expect(() => groupsOf(fromHex('ff'.repeat(64)))).toThrow(TypeError);
});

test('every digit is about as frequent in every place', () => {
	const rounds = 20_000;
	const counts = Array.from({ length: 30 }, () => Array.from({ length: 10 }, () => 0));
	for (let round = 0; round < rounds; round++) {
		const digits = groupsOf(random(64)).replaceAll(' ', '');
		for (const [place, row] of counts.entries()) {
			const digit = Number(digits[place]);
			row[digit] = (row[digit] ?? 0) + 1;
		}
	}
	// Six standard deviations: fails once in a million runs of a fair source.
	const slack = 6 * Math.sqrt(rounds * 0.09);
	for (const count of counts.flat()) expect(Math.abs(count - rounds / 10)).toBeLessThan(slack);
});
