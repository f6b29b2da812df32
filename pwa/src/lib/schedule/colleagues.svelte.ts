import { SvelteMap } from 'svelte/reactivity';
import { account } from '#lib/account/account.svelte.ts';
import { m } from '#lib/paraglide/messages.js';
import { fetchNames } from './colleagues.ts';

/** Names of the colleagues, also of former ones, read once they are needed. */
class ColleagueNames {
	readonly #names = new SvelteMap<string, string>();

	/** Reads them. Throws `ApiError`. */
	async load(): Promise<void> {
		for (const [id, name] of await fetchNames()) this.#names.set(id, name);
	}

	of(member: string): string {
		if (member === account.member.id) return account.member.name;
		return this.#names.get(member) ?? m.somebody();
	}
}

export const colleagueNames = new ColleagueNames();
