import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { quoteLargeNumbers, runVectors } from './formats.ts';

const root = join(import.meta.dirname, '../..');
/** Vectors written by others lie beside the checkout, where there are any. */
const folder = join(root, '../shared/vectors');
const files = existsSync(folder)
	? readdirSync(folder).filter((name) => name.endsWith('.json'))
	: [];

describe.skipIf(files.length === 0)('vectors of others (skipped without ../shared/vectors)', () => {
	test.each(files)('%s', { timeout: 60_000 }, async (file) => {
		const result = await runVectors(await readFile(join(folder, file), 'utf8'));
		expect(result).toMatchObject({ failed: 0 });
		const cases = (result?.passed ?? 0) + (result?.skipped ?? 0);
		expect(cases).toBeGreaterThan(0);
	});
});

const rfc5869 = {
	algorithm: 'HKDF-SHA-256',
	testGroups: [
		{
			type: 'HkdfTest',
			tests: [
				{
					tcId: 1,
					result: 'valid',
					ikm: '0b'.repeat(22),
					salt: '',
					info: '',
					size: 42,
					okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
				},
				{ tcId: 2, result: 'invalid', ikm: '00', salt: '', info: '', size: 8161, okm: '' },
			],
		},
	],
};

/** The same file with one field of its first case changed. */
function changed(change: Record<string, unknown>): string {
	const copy = structuredClone(rfc5869);
	const [first] = copy.testGroups[0]?.tests ?? [];
	if (first) Object.assign(first, change);
	return JSON.stringify(copy);
}

test('a case that gives something else, or cannot be read, has failed', async () => {
	expect(await runVectors(JSON.stringify(rfc5869))).toMatchObject({ passed: 2, failed: 0 });
	const bad = [{ okm: '00'.repeat(42) }, { result: 'invalid' }, { ikm: 'zz' }, { size: '42' }];
	for (const change of bad)
		expect(await runVectors(changed(change))).toMatchObject({
			passed: 1,
			failed: 1,
			note: 'failed: 1',
		});
});

test('what is no format that we know is said to be unknown', async () => {
	for (const text of ['', '{', '{}', '[]', 'null', '{"algorithm":"RSA","testGroups":[]}'])
		expect(await runVectors(text)).toBeUndefined();
});

test('large whole numbers become strings, and nothing else does', () => {
	const text =
		'{"a": 18446744073709551615, "b":[1234567890123456,1], "c":"x 12345678901234567890, \\" 1", "d":1.2345678901234567e30}';
	expect(JSON.parse(quoteLargeNumbers(text))).toEqual({
		a: '18446744073709551615',
		b: ['1234567890123456', 1],
		c: 'x 12345678901234567890, " 1',
		d: 1.2345678901234567e30,
	});
});

test('the command prints a line a file and the sum, and fails when a case does', async () => {
	const place = await mkdtemp(join(tmpdir(), 'vectors-'));
	const good = join(place, 'good.json');
	const bad = join(place, 'bad.json');
	const unknown = join(place, 'unknown.json');
	await writeFile(good, JSON.stringify(rfc5869));
	await writeFile(bad, changed({ okm: '00' }));
	await writeFile(unknown, '{}');
	expect(await run(good)).toEqual({
		code: 0,
		lines: [
			'good.json: Wycheproof HKDF-SHA-256: 2 passed, 0 failed, 0 skipped',
			'2 passed, 0 failed, 0 skipped',
		],
	});
	expect(await run(good, bad)).toMatchObject({
		code: 1,
		lines: { 2: '3 passed, 1 failed, 0 skipped' },
	});
	expect(await run(good, unknown)).toMatchObject({ code: 1 });
	expect(await run()).toMatchObject({ code: 1 });
	await rm(place, { recursive: true });
});

const lines = (text: string) => text.trim().split('\n');

async function run(...args: string[]): Promise<{ code: number; lines: string[] }> {
	const command = promisify(execFile)(process.execPath, ['tests/vectors/run.ts', ...args], {
		cwd: root,
	});
	return command.then(
		({ stdout }) => ({ code: 0, lines: lines(stdout) }),
		({ code, stdout }: { code: number; stdout: string }) => ({ code, lines: lines(stdout) }),
	);
}
