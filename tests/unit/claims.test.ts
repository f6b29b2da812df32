import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ignored } from './ignored/ignored.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const catalogue = 'pwa/messages/en';

/** What a sentence about privacy cannot do without. Better one label too many in `ignored` than one promise too few in the list. */
const privacy =
	/\b(?:keys?|seal\w*|(?:un)?lock\w*|(?:en|de)crypt\w*|servers?|record\w*|sees?|seen|hears?|delet\w+|kept|keeps?|stored?|sent|nobody|only|private\w*|consent\w*|agree\w*|withdr\w+|take that back|sign(?:ed|ature)|forg[eo]t\w*|identity|prove\w*|trust\w*|compared|altered|intact|open(?:s|ed|ing)?|this device|this list|history|administrators|told|confirmed|same browser|between you)\b/i;

interface Quote {
	/** Key in the catalogue, or README. */
	readonly key: string;
	readonly text: string;
}

interface Claim {
	readonly heading: string;
	readonly quotes: readonly Quote[];
	readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** A claim is a heading of the third level, the sentences as quotations, and the tests as a list. */
function parseClaims(markdown: string): Claim[] {
	return markdown
		.split(/^### /m)
		.slice(1)
		.map((block) => {
			const [heading = '', ...lines] = block.split(/^## /m)[0]?.trim().split('\n') ?? [];
			return {
				heading,
				quotes: lines.flatMap((line) => {
					const [, key, text] = /^> `([^`]+)` (.+)$/.exec(line) ?? [];
					return key && text ? [{ key, text }] : [];
				}),
				tests: lines.flatMap((line) => {
					const [, file, title] = /^- `([^`]+)` (.+)$/.exec(line) ?? [];
					return file && title ? [{ file, title }] : [];
				}),
			};
		});
}

function readCatalogue(): Map<string, string> {
	const messages = new Map<string, string>();
	for (const file of readdirSync(join(root, catalogue))) {
		const entries: [string, unknown][] = Object.entries(JSON.parse(read(`${catalogue}/${file}`)));
		for (const [key, text] of entries)
			if (key !== '$schema' && typeof text === 'string') messages.set(key, text);
	}
	return messages;
}

/** Sentences of a text, and the parts of one that a colon joins. */
const sentences = (text: string): string[] =>
	text
		.trim()
		.split(/(?<=[.?!])\s+/)
		.filter((sentence) => sentence !== '');

const claims = parseClaims(read('docs/claims.md'));
const messages = readCatalogue();
const readme = read('README.md').replaceAll(/\s+/g, ' ');

/** What of a message is quoted in the list. */
function quoted(key: string): string {
	const quotes = claims.flatMap((claim) => claim.quotes.filter((quote) => quote.key === key));
	return quotes.map(({ text }) => text).join(' ');
}

test('every sentence of a screen that speaks of privacy is in the list, or was looked at and left out', () => {
	const missing: string[] = [];
	for (const [key, text] of messages) {
		if (ignored.has(key)) continue;
		const there = quoted(key);
		for (const sentence of sentences(text))
			if (privacy.test(sentence) && !there.includes(sentence)) missing.push(`${key}: ${sentence}`);
	}
	expect(missing).toEqual([]);
});

test('every sentence of the promise is in the list', () => {
	const promise = /## The promise (.*?) Its limits:/.exec(readme)?.[1] ?? '';
	expect(sentences(promise)).toHaveLength(8);
	const there = quoted('README');
	expect(sentences(promise).filter((sentence) => !there.includes(sentence))).toEqual([]);
});

test('what was left out is in the catalogue, speaks of privacy, and is not in the list too', () => {
	const wrong = [...ignored.keys()].filter((key) => {
		const text = messages.get(key);
		return text === undefined || !privacy.test(text) || quoted(key) !== '';
	});
	expect(wrong).toEqual([]);
});

test('every claim stands on a screen or in the README word by word', () => {
	const gone = claims
		.flatMap((claim) => claim.quotes)
		.filter(
			({ key, text }) => !(key === 'README' ? readme : (messages.get(key) ?? '')).includes(text),
		);
	expect(gone).toEqual([]);
});

test('every claim has a sentence and a test, and every test is there and runs', () => {
	const wrong: string[] = [];
	for (const { heading, quotes, tests } of claims) {
		if (quotes.length === 0) wrong.push(`${heading}: no sentence`);
		if (tests.length === 0) wrong.push(`${heading}: no test`);
		for (const { file, title } of tests)
			if (!hasTest(file, title)) wrong.push(`${heading}: ${file} has no test "${title}"`);
	}
	expect(wrong).toEqual([]);
});

test('a line of the list that is neither sentence nor test is found', () => {
	const [claim] = parseClaims(
		'## A\n\n### One\n> `key` Words.\n> no key\n\n- `a.test.ts` title\n- b\n',
	);
	expect(claim).toEqual({
		heading: 'One',
		quotes: [{ key: 'key', text: 'Words.' }],
		tests: [{ file: 'a.test.ts', title: 'title' }],
	});
	const body = read('docs/claims.md').split(/^### /m).slice(1).join('\n');
	const quotes = claims.flatMap((one) => one.quotes).length;
	const tests = claims.flatMap((one) => one.tests).length;
	expect(body.match(/^>/gm)).toHaveLength(quotes);
	expect(body.match(/^- /gm)).toHaveLength(tests);
});

/** Whether a file has a test of this title that is not switched off. */
function hasTest(file: string, title: string): boolean {
	if (!file.endsWith('.test.ts') || !existsSync(join(root, file))) return false;
	const source = read(file).replaceAll(/\\(['"`])/g, '$1');
	return ["'", '"', '`'].some((mark) => {
		const at = source.indexOf(`${mark}${title}${mark}`);
		return at >= 0 && !/\.(?:skip|todo)\(\s*$/.test(source.slice(Math.max(0, at - 40), at));
	});
}
