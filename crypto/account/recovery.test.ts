import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecoveryKey, formatRecoveryKey, parseRecoveryKey } from './recovery.ts';

const shown = /^(?:[0-9A-HJKMNP-TV-Z]{4} ){7}[0-9A-HJKMNP-TV-Z]{4}$/;
const zero = '0000 0000 0000 0000 0000 0000 0000 0000';

test('a key is shown as 8 groups of 4 and read back', () => {
	for (let round = 0; round < 50; round++) {
		const key = createRecoveryKey();
		expect(key.length).toBe(20);
		expect(formatRecoveryKey(key)).toMatch(shown);
		expect(parseRecoveryKey(formatRecoveryKey(key))).toEqual(key);
	}
});

test('the text is base32, first bit first', () => {
	const one = parseRecoveryKey(`${'0'.repeat(31)}1`);
	expect([...one]).toEqual([...Array.from({ length: 19 }, () => 0), 1]);
	expect([...parseRecoveryKey(`8${'0'.repeat(31)}`)][0]).toBe(64);
	expect([...parseRecoveryKey('Z'.repeat(32))]).toEqual(Array.from({ length: 20 }, () => 255));
	expect(formatRecoveryKey(parseRecoveryKey(zero))).toBe(zero);
});

/** The ways in which people write the same key. */
const spelling = fc.record({
	lower: fc.boolean(),
	one: fc.constantFrom('1', 'I', 'L', 'i', 'l'),
	nought: fc.constantFrom('0', 'O', 'o'),
	between: fc.constantFrom(' ', '', '-', ' - ', '\n', '\u00a0', '–'),
});

test('any usual way to write a key is read', () => {
	fc.assert(
		fc.property(spelling, ({ lower, one, nought, between }) => {
			const key = createRecoveryKey();
			const text = formatRecoveryKey(key);
			const written = (lower ? text.toLowerCase() : text)
				.replaceAll(' ', between)
				.replaceAll('1', one)
				.replaceAll('0', nought);
			expect(parseRecoveryKey(` ${written} `)).toEqual(key);
		}),
	);
});

test('what is no key is refused', () => {
	const short = zero.slice(0, -1);
	for (const bad of ['', short, `${zero}0`, `${short}U`, `${short}!`, `${short}ß`, `${short}é`])
		expect(() => parseRecoveryKey(bad)).toThrow('wrong-recovery-key');
	fc.assert(
		fc.property(fc.string(), (text) => {
			fc.pre(text.length < 32);
			expect(() => parseRecoveryKey(text)).toThrow('wrong-recovery-key');
		}),
	);
});

test('another last character is another key', () => {
	const text = formatRecoveryKey(createRecoveryKey());
	const last = text.endsWith('7') ? '8' : '7';
	expect(parseRecoveryKey(text.slice(0, -1) + last)).not.toEqual(parseRecoveryKey(text));
});
