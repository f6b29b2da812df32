import { execFileSync } from 'node:child_process';
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	readdirSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { type Shares, bundler, sharesOf } from './parts.ts';

const root = join(import.meta.dirname, '../..');
const inputs = [
	'package.json',
	'tsconfig.json',
	'vite.config.ts',
	'svelte.config.js',
	'scripts',
	'crypto',
	'signaling/protocol',
	'pwa',
];
/** Source maps that no script mentions, so that the scripts are those of the real build; and a list of what is in each. */
const config = `
import { writeFileSync } from 'node:fs';
import { mergeConfig } from 'vite';
import config from './vite.config.ts';
const keep = (kind) => ({
	name: 'keep-maps',
	generateBundle(_options, bundle) {
		for (const { type, fileName, code, map, modules, facadeModuleId } of Object.values(bundle)) {
			if (type !== 'chunk') continue;
			const sizes = Object.entries(modules).map(([id, one]) => [id, one.renderedLength]);
			const name = kind + fileName.replaceAll('/', '_') + '.json';
			const worker = kind === 'worker.' ? { code, map, entry: facadeModuleId } : {};
			writeFileSync('kept/' + name, JSON.stringify({ fileName, sizes, ...worker }));
		}
	},
});
export default mergeConfig(config, {
	build: { sourcemap: 'hidden' },
	plugins: [keep('page.')],
	worker: {
		plugins: () => [keep('worker.')],
		rolldownOptions: { output: { sourcemap: 'hidden' } },
	},
});
`;

/** A build of the app that says where each byte of its scripts comes from. */
export interface MappedBuild {
	/** The folder to serve. */
	readonly pages: string;
	/** Of the script of this file name; undefined when the build did not make it. */
	shares(file: string): Shares | undefined;
	remove(): void;
}

/** What the build wrote down of one script. */
const Kept = v.object({
	fileName: v.string(),
	sizes: v.array(v.tuple([v.string(), v.number()])),
	code: v.optional(v.string()),
	map: v.optional(v.object({ sources: v.array(v.nullable(v.string())), mappings: v.string() })),
	entry: v.optional(v.string()),
});
type Kept = v.InferOutput<typeof Kept>;

const workerMark = '?worker&inline';

/** A worker is text inside a script, which its map knows nothing of: divide it by the worker's own map. */
function withWorkers(shares: Shares, kept: Kept, workers: readonly Kept[]): Shares {
	for (const [id] of kept.sizes.filter(([name]) => name.endsWith(workerMark))) {
		const worker = workers.find(({ entry }) => entry === id.slice(0, -workerMark.length));
		if (!worker?.code || !worker.map) continue;
		const unmapped = shares.get(bundler) ?? 0;
		const size = Math.min(unmapped, worker.code.length);
		shares.set(bundler, unmapped - size);
		for (const [source, part] of sharesOf(worker.code, worker.map))
			shares.set(`${source} (worker)`, (part * size) / worker.code.length);
	}
	return shares;
}

function readShares(pages: string, folder: string): Map<string, Shares> {
	const kept = readdirSync(folder).map((name) =>
		v.parse(Kept, JSON.parse(readFileSync(join(folder, name), 'utf8'))),
	);
	const workers = kept.filter(({ entry, code }) => entry !== undefined && code !== undefined);
	return new Map(
		kept.flatMap((one): [string, Shares][] => {
			const script = join(pages, one.fileName);
			if (!existsSync(script)) return [];
			// Tiny scripts have no map; the lengths before they were made small do as well there.
			const shares = existsSync(`${script}.map`)
				? sharesOf(readFileSync(script, 'utf8'), JSON.parse(readFileSync(`${script}.map`, 'utf8')))
				: new Map(one.sizes);
			return [[basename(one.fileName), withWorkers(shares, one, workers)]];
		}),
	);
}

/** Builds the tree as it is, in a folder of its own. Throws when the build fails. */
export function buildMapped(): MappedBuild {
	const folder = mkdtempSync(join(tmpdir(), 'sotto-mapped-'));
	const skipped = new Set(['.svelte-kit', 'node_modules']);
	for (const path of inputs)
		cpSync(join(root, path), join(folder, path), {
			recursive: true,
			filter: (source) => !skipped.has(basename(source)),
		});
	symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
	writeFileSync(join(folder, 'mapped.config.ts'), config);
	mkdirSync(join(folder, 'kept'));
	const vite = join(root, 'node_modules/vite/bin/vite.js');
	execFileSync(process.execPath, [vite, 'build', '-c', 'mapped.config.ts', '--logLevel', 'error'], {
		cwd: folder,
		stdio: ['ignore', 'ignore', 'inherit'],
		env: { ...process.env, SOURCE_COMMIT: 'bench' },
	});
	const pages = join(folder, 'build/pwa');
	const scripts = readShares(pages, join(folder, 'kept'));
	return {
		pages,
		shares: (file) => scripts.get(file),
		remove: () => rmSync(folder, { recursive: true, force: true }),
	};
}
