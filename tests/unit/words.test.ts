import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../pwa/messages/en');

/** Labels of shares are words that people and tests go by, apostrophe and all. */
const fixed = new Set(['share_label_checked']);

test('apostrophes and quotation marks are the printed ones in every catalogue', () => {
	const typed = readdirSync(folder).flatMap((file) =>
		Object.entries<unknown>(JSON.parse(readFileSync(join(folder, file), 'utf8')))
			.filter(([key, text]) => key !== '$schema' && !fixed.has(key) && /['"]/.test(String(text)))
			.map(([key]) => key),
	);
	expect(typed).toEqual([]);
});
