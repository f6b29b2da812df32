import * as v from 'valibot';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openCheckpoint, parseNoteKey } from '#crypto/log/note.ts';
import { type TreeHead, verifyConsistency } from '#crypto/log/tree.ts';
import { isApiError } from '#lib/net/errors.ts';
import type { LogBlock, LogCheckpoint } from '#protocol/log.ts';
import { Bytes32, Count, Time } from '#protocol/text.ts';

/** A head of the history as a client remembers it. */
export const Head = v.strictObject({
	/** The signed checkpoint, as it was had. */
	note: v.string(),
	/** Who signed it, as C2SP signed-note writes a key. */
	key: v.string(),
	size: Count,
	root: Bytes32,
	/** When this client saw it, in milliseconds since 1970. */
	at: Time,
});
export type Head = v.InferOutput<typeof Head>;

/** What is wrong with a history; rows are meant by their numbers. */
export type Finding =
	| { readonly is: 'altered' | 'missing'; readonly n: number }
	/** Row `n` stands where row `from` was written. */
	| { readonly is: 'moved'; readonly n: number; readonly from: number }
	/** These rows, as the log has them, do not belong to its signed head. */
	| { readonly is: 'unfit'; readonly n: number; readonly to: number }
	/** There are `size` rows, and there were `before` at `since`. */
	| {
			readonly is: 'shortened';
			readonly size: number;
			readonly before: number;
			readonly since: number;
	  }
	/** What was there at `since` is not how the history begins now. */
	| { readonly is: 'rewritten' | 'other-key'; readonly since: number }
	/** The head is signed by nobody, or is none. */
	| { readonly is: 'unsigned' }
	/** Somebody else was shown a history that does not go together with this one. */
	| { readonly is: 'forked'; readonly size: number };

/** Where heads and proofs come from; the methods throw `ApiError`. */
export interface LogSource {
	checkpoint(): Promise<LogCheckpoint>;
	consistency(span: { from: number; to: number }): Promise<readonly string[]>;
	block(which: { block: number; size: number }): Promise<LogBlock>;
}

export interface CheckedHead {
	/** The one to remember; the old one while something is wrong, because it is the evidence. */
	readonly head: Head | undefined;
	/** The one that the server shows now, where it is signed. */
	readonly now: Head | undefined;
	readonly findings: readonly Finding[];
}

export const treeHeadOf = ({ size, root }: Pick<Head, 'size' | 'root'>): TreeHead => ({
	size,
	root: fromBase64url(root),
});

/** The head of a signed checkpoint. Throws `bad-key`, `bad-signature`, `bad-encoding`. */
export async function readHead({ note, key }: LogCheckpoint, at: number): Promise<Head> {
	const { size, root } = await openCheckpoint(note, parseNoteKey(key));
	return { note, key, size, root: toBase64url(root), at };
}

/** Whether the log goes on from `from` to `to`: what was there then is how it begins now. Throws `ApiError`. */
export async function goesOn(source: LogSource, from: Head, to: Head): Promise<boolean> {
	if (from.size === to.size) return from.root === to.root;
	if (from.size === 0) return true;
	let path: readonly string[];
	try {
		path = await source.consistency({ from: from.size, to: to.size });
	} catch (error) {
		// It has not so many rows, which somebody was shown.
		if (isApiError(error, 'not-found')) return false;
		throw error;
	}
	return verifyConsistency({
		from: treeHeadOf(from),
		to: treeHeadOf(to),
		path: path.map(fromBase64url),
	});
}

/**
 * Fetches the head of the history and holds it against the one remembered: by the same key, not shorter, and beginning
 * with all that was there then. `at` is now. Throws `ApiError` where the server does not answer.
 */
export async function checkHead(
	source: LogSource,
	{ known, at }: { known: Head | undefined; at: number },
): Promise<CheckedHead> {
	let now: Head;
	try {
		now = await readHead(await source.checkpoint(), at);
	} catch (error) {
		if (!(error instanceof CryptoError)) throw error;
		return { head: known, now: undefined, findings: [{ is: 'unsigned' }] };
	}
	if (!known) return { head: now, now, findings: [] };
	const since = known.at;
	const wrong = (finding: Finding): CheckedHead => ({ head: known, now, findings: [finding] });
	if (known.key !== now.key) return wrong({ is: 'other-key', since });
	if (now.size < known.size)
		return wrong({ is: 'shortened', size: now.size, before: known.size, since });
	if (!(await goesOn(source, known, now))) return wrong({ is: 'rewritten', since });
	return { head: now, now, findings: [] };
}

/**
 * Whether a head that somebody else was shown goes together with one's own: one history, of which one of the two has
 * seen more. Gives what is wrong; `theirs` that the log's key has not signed proves nothing and is passed over.
 * Throws `ApiError`.
 */
export async function compareHeads(
	source: LogSource,
	{ mine, theirs }: { mine: Head; theirs: string },
): Promise<Finding | undefined> {
	let other: Head;
	try {
		other = await readHead({ note: theirs, key: mine.key }, mine.at);
	} catch (error) {
		if (error instanceof CryptoError) return undefined;
		throw error;
	}
	const [from, to] = other.size <= mine.size ? [other, mine] : [mine, other];
	return (await goesOn(source, from, to)) ? undefined : { is: 'forked', size: other.size };
}
