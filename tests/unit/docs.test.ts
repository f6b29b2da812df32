import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { type Config, readConfig } from '../../signaling/config.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Files of the project; without a repository, as in an archive, there is nothing to list. */
function projectFiles(): string[] {
	const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
	const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' });
	return listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)));
}

const isRepository = existsSync(join(root, '.git'));
const files = isRepository ? projectFiles() : [];
const documents = files.filter((path) => path.endsWith('.md'));

/** The anchors of a document: its headings as GitHub names them. */
function anchors(markdown: string): Set<string> {
	const headings = markdown.matchAll(/^#{1,6} (.+)$/gm);
	return new Set(
		Array.from(headings, ([, title = '']) =>
			title
				.toLowerCase()
				.replaceAll(/[^\p{L}\p{N} _-]/gu, '')
				.trim()
				.replaceAll(' ', '-'),
		),
	);
}

/** What is wrong with the links of a document. */
function brokenLinks(path: string, markdown: string): string[] {
	const text = markdown.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '');
	const targets = Array.from(text.matchAll(/\]\(([^()\s]+)\)/g), ([, target = '']) => target);
	return targets.filter((target) => {
		if (/^https?:/.test(target)) return false;
		const [file = '', anchor] = target.split('#');
		const there = file === '' ? path : normalize(join(dirname(path), file));
		if (there.startsWith('..') || !existsSync(join(root, there))) return true;
		return anchor !== undefined && !anchors(read(there)).has(anchor);
	});
}

test.runIf(isRepository)('every link of every document leads somewhere', () => {
	expect(documents).toContain('README.md');
	const broken = documents.flatMap((path) =>
		brokenLinks(path, read(path)).map((target) => `${path}: ${target}`),
	);
	expect(broken).toEqual([]);
});

test('a link that leads nowhere is found', () => {
	const markdown = '# One two\n[a](README.md) [b](nowhere.md) [c](#one-two) [d](#three) `[e](x)`\n';
	expect(brokenLinks('README.md', markdown)).toEqual(['nowhere.md', '#one-two', '#three']);
	expect(anchors('# One two\n## Backup, and `more`\n')).toEqual(
		new Set(['one-two', 'backup-and-more']),
	);
});

test.runIf(isRepository)('no document names a machine’s own paths or a package registry', () => {
	const wrong = documents.filter((path) =>
		/(?:\/(?:home|Users|root|work|tmp)\/|[A-Z]:\\Users|registry\.|node_modules\/\.cache|\b(?:10|192\.168|172\.1[6-9])\.\d+\.\d+:\d)/.test(
			read(path),
		),
	);
	expect(wrong).toEqual([]);
});

test.runIf(isRepository)(
	'every folder at the top says what lives there, with each of its folders',
	() => {
		const places = new Map<string, Set<string>>();
		for (const path of files) {
			const [top = '', ...rest] = path.split('/');
			if (rest.length === 0 || top.startsWith('.')) continue;
			const inside = places.get(top) ?? new Set<string>();
			if (rest.length > 1 && rest[0]) inside.add(rest[0]);
			places.set(top, inside);
		}
		const silent: string[] = [];
		for (const [top, inside] of places) {
			const readme = `${top}/README.md`;
			const text = files.includes(readme) ? read(readme) : '';
			if (text === '') silent.push(readme);
			else
				for (const folder of inside)
					if (!text.includes(folder)) silent.push(`${readme}: ${folder}`);
		}
		expect(silent).toEqual([]);
	},
);

test.runIf(isRepository)('every picture is used and below 200 kB', () => {
	const pictures = files.filter((path) => path.startsWith('docs/pictures/'));
	expect(pictures.length).toBeGreaterThan(2);
	const texts = documents.map(read).join('\n');
	const wrong = pictures.filter(
		(path) =>
			statSync(join(root, path)).size > 200_000 || !texts.includes(path.slice('docs/'.length)),
	);
	expect(wrong).toEqual([]);
});

interface Row {
	readonly name: string;
	readonly standard: string;
}

/** The table of the environment in the README. */
function environmentRows(): Row[] {
	const section = read('README.md').split('## Environment')[1]?.split('## ')[0] ?? '';
	const rows = section.matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]+)`|none) \|/gm);
	return Array.from(rows, ([, name = '', standard = '']) => ({ name, standard }));
}

test('the table of the environment is that of the code, name by name', () => {
	const inCode = Array.from(
		read('signaling/config.ts').matchAll(/^\t([A-Z_]+): v\.optional\(/gm),
		([, name = '']) => name,
	);
	expect(inCode.length).toBeGreaterThan(10);
	const inTable = environmentRows().map(({ name }) => name);
	expect(inTable.toSorted()).toEqual(inCode.toSorted());
});

test('a default of the table is the default of the code', () => {
	const standard: Config = readConfig({});
	for (const row of environmentRows()) {
		if (row.standard === '') continue;
		expect([row.name, readConfig({ [row.name]: row.standard })]).toEqual([row.name, standard]);
	}
	const without = environmentRows().filter((row) => row.standard === '');
	expect(without.map(({ name }) => name).toSorted()).toEqual([
		'MAIL_FROM',
		'ORIGINS',
		'SMS_BODY',
		'SMS_URL',
		'SMTP_URL',
		'STUN_URL',
		'TURN_SECRET',
		'TURN_URL',
	]);
	const { origins, stunUrl, turn, mail, text } = standard;
	expect([origins, stunUrl, turn, mail, text].every((one) => one === undefined)).toBe(true);
});

test('no document promises what nobody can', () => {
	const loud =
		/military[- ]grade|completely secure|100 ?% secure|unbreakable|bank[- ]level|bulletproof|unhackable/i;
	const texts = ['README.md', ...documents].map((path): [string, string] => [path, read(path)]);
	expect(texts.filter(([, text]) => loud.test(text)).map(([path]) => path)).toEqual([]);
});
