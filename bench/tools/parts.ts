import { basename } from 'node:path';

/** What a map gives no source for: the markup of components as text, imports and exports. */
export const bundler = '(markup of components, imports)';

/** Bytes of minified script that each source file became. */
export type Shares = Map<string, number>;

/** The part of a source map (ECMA-426) that says where each piece of the script came from. */
export interface Mapped {
	readonly sources: readonly (string | null)[];
	readonly mappings: string;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const digits = new Map(Array.from(alphabet, (letter, value) => [letter, value]));

/** The numbers of one segment, each a variable-length quantity in base 64. */
function numbersOf(segment: string): number[] {
	const numbers: number[] = [];
	let value = 0;
	let shift = 0;
	for (const letter of segment) {
		const digit = digits.get(letter) ?? 0;
		value += (digit & 31) << shift;
		shift += 5;
		if (digit & 32) continue;
		numbers.push(value & 1 ? -(value >> 1) : value >> 1);
		value = 0;
		shift = 0;
	}
	return numbers;
}

/** How many characters of the script came from each source; what came from none is the bundler's own. */
export function sharesOf(code: string, map: Mapped): Shares {
	const shares: Shares = new Map();
	const add = (name: string, size: number): void => {
		if (size > 0) shares.set(name, (shares.get(name) ?? 0) + size);
	};
	const lines = code.split('\n');
	let source = 0;
	for (const [row, text] of map.mappings.split(';').entries()) {
		let column = 0;
		let from = bundler;
		for (const segment of text === '' ? [] : text.split(',')) {
			const [ahead = 0, sources] = numbersOf(segment);
			add(from, ahead);
			column += ahead;
			if (sources === undefined) {
				from = bundler;
				continue;
			}
			source += sources;
			from = map.sources[source] ?? bundler;
		}
		add(from, (lines[row]?.length ?? 0) - column);
	}
	return shares;
}

/** The name under which a source is counted: its npm package, or its folder of ours. */
export function partOf(source: string): string {
	const worker = source.endsWith(' (worker)') ? ', in the media worker' : '';
	const pkg = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
	if (pkg) return pkg + worker;
	if (source.includes('paraglide')) return 'ours: messages';
	const ours = /(?:^|\/)(crypto|protocol|routes|lib\/\w+)\//.exec(source)?.[1];
	if (ours) return `ours: ${ours}${worker}`;
	if (source.startsWith('(')) return source;
	return source.includes('.svelte-kit') ? 'ours: routes' : `other: ${basename(source)}`;
}
