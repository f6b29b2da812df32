import { createStore, delMany, entries, get, keys, update } from 'idb-keyval';
import * as v from 'valibot';
import { nameHere } from '#lib/net/home.ts';
import { type CodeShelf, StoredCode } from './stored.ts';

const store = createStore(nameHere('sotto-codes'), 'codes');
const Keys = v.fallback(v.array(v.string()), []);
/** Keys that one place may have confirmed: codes of one session, one after another. */
const keysMax = 32;

function parsed(value: unknown): StoredCode | undefined {
	const result = v.safeParse(StoredCode, value);
	return result.success ? result.output : undefined;
}

/** Codes of one member in this browser's IndexedDB, for all its tabs. */
export function browserShelf(member: string): CodeShelf {
	const codeOf = (place: string) => `code ${member} ${place}`;
	const keysOf = (place: string) => `keys ${member} ${place}`;
	return {
		read: async (place) => parsed(await get(codeOf(place), store)),
		all: async () =>
			(await entries(store)).flatMap(([name, value]) =>
				typeof name === 'string' && name.startsWith(codeOf('')) ? (parsed(value) ?? []) : [],
			),
		async change(place, change) {
			let changed = false;
			await update<unknown>(
				codeOf(place),
				(before) => {
					const after = change(parsed(before));
					changed = after !== undefined;
					return after ?? before;
				},
				store,
			);
			return changed;
		},
		confirm: (place, key) =>
			update<unknown>(
				keysOf(place),
				(before) => [...new Set([...v.parse(Keys, before), key])].slice(-keysMax),
				store,
			),
		confirmed: async (place) => v.parse(Keys, await get(keysOf(place), store)),
	};
}

/** Nothing of this member's codes stays in this browser. */
export async function forgetCodes(member: string): Promise<void> {
	const own = [`code ${member} `, `keys ${member} `];
	const names = (await keys(store)).filter(
		(name) => typeof name === 'string' && own.some((start) => name.startsWith(start)),
	);
	await delMany(names, store);
}
