import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { redisclosureFor, redisclosureLine, redisclosureText } from '#lib/part2/redisclosure.ts';

const root = join(import.meta.dirname, '../..');
const part2 = {
	program: 'A',
	what: 'B',
	to: 'C',
	revoke: 'D',
	ends: 'E',
	care: false,
	refusal: 'F',
};

test('what goes with such a record is the statement of 2024, whole', () => {
	expect(redisclosureText).toMatch(/^This record which has been disclosed to you is protected by/);
	expect(redisclosureText).toContain('civil, criminal, administrative, or legislative proceedings');
	expect(redisclosureText).toMatch(/\(see 42 CFR 2\.31\)\.$/);
	expect(redisclosureLine).toBe(
		'42 CFR part 2 prohibits unauthorized use or disclosure of these records.',
	);
	expect(redisclosureFor({ part2 })).toBe(redisclosureText);
	expect(redisclosureFor({})).toBeUndefined();
	expect(redisclosureFor(undefined)).toBeUndefined();
});

test('nothing that we ship has the short statement of 2018, which the law replaced', () => {
	const replaced = ['prohibits unauthorized', 'disclosure of these records'].join(' ');
	const files = ['pwa/src', 'pwa/messages', 'signaling', 'crypto', 'extension', 'docs'].flatMap(
		(folder) =>
			readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
				.filter((entry) => entry.isFile() && /\.(?:ts|svelte|json|md|html)$/.test(entry.name))
				.map(({ parentPath, name }) => join(parentPath, name)),
	);
	expect(files.length).toBeGreaterThan(300);
	expect(files.filter((path) => readFileSync(path, 'utf8').includes(replaced))).toEqual([]);
});
