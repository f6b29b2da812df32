import { CryptoError } from '#crypto/errors.ts';
import { isApiError } from '#lib/net/errors.ts';
import type { Note } from './beside.ts';

/** One change of one note: added where nothing was before, removed where nothing is after. */
export interface Change {
	readonly id: string;
	/** As it was seen when it was changed. */
	readonly before: Note | undefined;
	readonly after: Note | undefined;
}

/** All notes of a recording as one version of the sealed text holds them. */
export interface Page {
	/** 0 while nobody has written any. */
	readonly version: number;
	/** Who wrote this version, and when by her clock. */
	readonly author: string | undefined;
	readonly at: number | undefined;
	readonly items: readonly Note[];
}

/** Where the pages are kept. `write` throws `ApiError` `conflict` when somebody else wrote the next version first. */
export interface Shelf {
	read(): Promise<Page>;
	write(before: number, items: readonly Note[]): Promise<void>;
}

/** The note was changed or removed by somebody else since it was seen; both wishes stand beside each other. */
export class Clash extends Error {
	override readonly name = 'Clash';
	readonly code = 'conflict';
	readonly mine: Change;
	readonly theirs: Note | undefined;

	constructor(mine: Change, theirs: Note | undefined) {
		super('conflict');
		this.mine = mine;
		this.theirs = theirs;
	}
}

const triesMax = 6;

const same = (a: Note | undefined, b: Note | undefined): boolean =>
	a === b ||
	(a !== undefined &&
		b !== undefined &&
		a.kind === b.kind &&
		a.atMs === b.atMs &&
		a.text === b.text);

/** In the order of their times. */
export const inOrder = (items: readonly Note[]): Note[] =>
	items.toSorted((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));

/** The notes after a change. Throws `Clash` when the note is not as it was seen. */
export function applied(items: readonly Note[], change: Change): Note[] {
	const { id, before, after } = change;
	const here = items.find((note) => note.id === id);
	if (!same(here, before)) {
		// Somebody wished the same.
		if (same(here, after)) return [...items];
		throw new Clash(change, here);
	}
	const others = items.filter((note) => note.id !== id);
	return inOrder(after ? [...others, after] : others);
}

/** The change that takes this one back. */
export const undone = ({ id, before, after }: Change): Change => ({
	id,
	before: after,
	after: before,
});

/** The newest page. Throws `CryptoError` `stale` when it is older than one that was seen, and what `read` throws. */
export async function newest(shelf: Shelf, seen: number): Promise<Page> {
	const page = await shelf.read();
	if (page.version < seen) throw new CryptoError('stale');
	return page;
}

/**
 * Writes a change onto `page`, or, where others wrote meanwhile, onto the newest page: what they changed stays.
 * Resolves with the page that was written, without author and time. Throws `Clash`, `ApiError`, `stale`.
 */
export async function write(shelf: Shelf, page: Page, change: Change): Promise<Page> {
	let onto = page;
	for (let tries = 1; ; tries++) {
		const items = applied(onto.items, change);
		try {
			await shelf.write(onto.version, items);
			return { version: onto.version + 1, author: undefined, at: undefined, items };
		} catch (error) {
			if (!isApiError(error, 'conflict') || tries === triesMax) throw error;
			onto = await newest(shelf, onto.version);
		}
	}
}
