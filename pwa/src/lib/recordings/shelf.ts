import * as v from 'valibot';
import { fromUtf8, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { db } from '#lib/db/db.ts';
import { Summary } from './summary.ts';

const context = 'summaries of recordings';

/** So much of the notes can be searched without opening a recording, in characters. */
export const notesCharsMax = 20_000;

/** Versions of words that change: what the server had when they were read, and the highest that was ever believed. */
const Versions = v.strictObject({ version: v.number(), seen: v.number() });

const Shelved = v.strictObject({
	/** Of the summary; 0 = it was made from the recording itself. */
	...Versions.entries,
	/** Of the notes; 0 = there are none, or none for this member. */
	notes: Versions,
	/** Whether the recording was finished then. */
	finished: v.boolean(),
	summary: v.strictObject({
		...Summary.entries,
		notes: v.pipe(v.string(), v.maxLength(notesCharsMax)),
	}),
});
/** What this device has read of a recording. */
export type Shelved = v.InferOutput<typeof Shelved>;
export type Shelf = ReadonlyMap<string, Shelved>;

const Content = v.array(v.tuple([v.string(), Shelved]));
const Row = v.object({ sealed: v.custom<Uint8Array>((value) => value instanceof Uint8Array) });

/** What was read or written last, so that a list that is opened again need not unseal it; it goes with the keys. */
const open = new WeakMap<object, Shelf>();

/**
 * What this device has read of the member's recordings, sealed under her account key: so a list of thousands is there
 * at once, and a stolen profile reads none of it. Empty where there is none, or none that opens.
 */
export async function readShelf(): Promise<Shelf> {
	const keys = account.identity;
	const known = open.get(keys);
	if (known) return known;
	const shelf = await unsealed();
	open.set(keys, shelf);
	return shelf;
}

async function unsealed(): Promise<Shelf> {
	const row = v.safeParse(Row, await db.shelves.get(account.member.id));
	if (!row.success) return new Map();
	try {
		const sealed = new Uint8Array(row.output.sealed);
		const content = v.parse(Content, JSON.parse(fromUtf8(await account.open(context, sealed))));
		return new Map(content);
	} catch (error) {
		// Of an older version, or of keys that were replaced: it is read again from the recordings.
		if (
			error instanceof CryptoError ||
			error instanceof v.ValiError ||
			error instanceof SyntaxError
		)
			return new Map();
		throw error;
	}
}

/** Replaces what `readShelf` gives. Does nothing where this device was locked meanwhile. */
export async function writeShelf(shelf: Shelf): Promise<void> {
	if (account.state !== 'unlocked') return;
	const { identity: keys, member } = account;
	open.set(keys, shelf);
	const sealed = await account.seal(context, utf8(JSON.stringify([...shelf])));
	await db.shelves.put({ member: member.id, sealed });
}
