import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import manifest from '../../extension/manifest.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/store.md'), 'utf8');
const Manifest = v.object({
	description: v.string(),
	permissions: v.array(v.string()),
	optional_permissions: v.array(v.string()),
	host_permissions: v.array(v.string()),
});

/** First column of the table with this heading. */
function rows(heading: string): string[] {
	const table = text.split(`| ${heading} | what for |`)[1]?.split('\n\n')[0] ?? '';
	return Array.from(table.matchAll(/^\| `([^`]+)` \| \S/gm), ([, name = '']) => name);
}

test('every permission of the manifest has its reason in the text for the store, and no other', async () => {
	const built = v.parse(Manifest, await manifest);
	expect(rows('permission').toSorted()).toEqual(built.permissions.toSorted());
	expect(rows('optional permission').toSorted()).toEqual(built.optional_permissions.toSorted());
	expect(text).toContain(`**Summary**: ${built.description}`);
	const all = [...built.permissions, ...built.optional_permissions, ...built.host_permissions];
	expect(all.filter((name) => /^tabs$|<all_urls>|debugger|\*:\/\//.test(name))).toEqual([]);
});
