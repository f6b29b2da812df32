import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import * as v from 'valibot';

const root = join(import.meta.dirname, '../..');
const Package = v.object({ scripts: v.record(v.string(), v.string()) });
const { scripts } = v.parse(Package, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** All that a module and what it imports name at their start; what is imported later does not count. */
function importsOf(file: string, seen = new Set<string>()): string[] {
	if (seen.has(file)) return [];
	seen.add(file);
	const text = readFileSync(file, 'utf8');
	const names = [...text.matchAll(/^import [^;]*?'([^']+)';/gm)].map(([, name = '']) => name);
	return names.flatMap((name) =>
		name.startsWith('.') ? importsOf(join(dirname(file), name), seen) : [name],
	);
}

test.each(Object.values(scripts))('%s starts where nothing is installed yet', (command) => {
	const file = /^node (scripts\/\S+\.js)/.exec(command)?.[1];
	expect(file).toBeDefined();
	const named = importsOf(join(root, file ?? ''));
	expect(named).not.toEqual([]);
	expect(named.filter((name) => !name.startsWith('node:'))).toEqual([]);
});
