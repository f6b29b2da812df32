import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { claimedSigner, openCheckpoint, parseNoteKey } from './note.ts';
import { type TreeHead, verifyConsistency } from './tree.ts';

/** A head of the history as a client remembers it; fit for JSON. */
export interface Head {
	/** The signed checkpoint, as it was had. */
	readonly note: string;
	/** Who signed it, as C2SP signed-note writes a key. */
	readonly key: string;
	readonly size: number;
	/** 32 bytes, base64url. */
	readonly root: string;
	/** When this client saw it, in milliseconds since 1970. */
	readonly at: number;
	/** The server showed a later head since, and did not prove that it goes on from this one. */
	readonly unproved?: boolean | undefined;
	/** A head that somebody else was shown, which the server did not prove to go together with this one. */
	readonly doubt?: string | undefined;
	/** Other logs that somebody knows of and goes on without, as `claimedSigner` names them. */
	readonly passed?: readonly string[] | undefined;
}

/** What is wrong with a history as a whole. */
export type HeadFinding =
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
	| { readonly is: 'forked'; readonly size: number }
	/** Somebody else showed a head that the key of this log has not signed; `log` is who it says that signed it. */
	| { readonly is: 'other-log'; readonly log: string }
	/** The server shows a head that another should go together with, and gave no proof of it, twice. */
	| { readonly is: 'unproved' };

/** Where heads and proofs come from. What its methods throw goes on to whoever asked. */
export interface HeadSource {
	checkpoint(): Promise<{ readonly note: string; readonly key: string }>;
	/** Base64url hashes; undefined where the log has fewer rows than `to`. */
	consistency(span: { from: number; to: number }): Promise<readonly string[] | undefined>;
}

export interface CheckedHead {
	/** The one to remember; the old one while something is wrong, because it is the evidence. */
	readonly head: Head | undefined;
	/** The one that the server shows now, where it is signed. */
	readonly now: Head | undefined;
	readonly findings: readonly HeadFinding[];
	/** What the source threw instead of a proof; the finding is then `unproved`. */
	readonly failure?: { readonly error: unknown };
}

/** The size and root of a head. Throws `bad-encoding` for what is no head. */
export const treeHeadOf = ({ size, root }: Pick<Head, 'size' | 'root'>): TreeHead => ({
	size,
	root: fromBase64url(root),
});

/** The head of a signed checkpoint, seen at `at`. Throws `bad-key`, `bad-signature`, `bad-encoding`. */
export async function readHead(
	{ note, key }: { readonly note: string; readonly key: string },
	at: number,
): Promise<Head> {
	const { size, root } = await openCheckpoint(note, parseNoteKey(key));
	return { note, key, size, root: toBase64url(root), at };
}

/** Whether the log goes on from `from` to `to`: what was there then is how it begins now. Throws what `source` throws. */
async function goesOn(source: HeadSource, from: Head, to: Head): Promise<boolean> {
	if (from.size === to.size) return from.root === to.root;
	if (from.size === 0) return true;
	const path = await source.consistency({ from: from.size, to: to.size });
	// It has not so many rows, which somebody was shown.
	if (!path) return false;
	const heads = { from: treeHeadOf(from), to: treeHeadOf(to) };
	return verifyConsistency({ ...heads, path: path.map(fromBase64url) });
}

/**
 * Fetches the head of the history and holds it against the one remembered: by the same key, not shorter, and beginning
 * with all that was there then. `at` is now. Throws what `source.checkpoint` throws.
 */
export async function checkHead(
	source: HeadSource,
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
	const wrong = (finding: HeadFinding): CheckedHead => ({ head: known, now, findings: [finding] });
	if (known.key !== now.key) return wrong({ is: 'other-key', since });
	if (now.size < known.size)
		return wrong({ is: 'shortened', size: now.size, before: known.size, since });
	try {
		if (!(await goesOn(source, known, now))) return wrong({ is: 'rewritten', since });
	} catch (error) {
		return { ...wrong({ is: 'unproved' }), failure: { error } };
	}
	return { head: now, now, findings: [] };
}

/**
 * Whether a head that somebody else was shown goes together with one's own: one history, of which one of the two has
 * seen more. Gives what is wrong; what is no head at all is passed over. A head that the key of one's own log has not
 * signed proves nothing, but whoever showed it was shown it, or made it up. Throws what `source` throws.
 */
export async function compareHeads(
	source: HeadSource,
	{ mine, theirs }: { mine: Head; theirs: string },
): Promise<HeadFinding | undefined> {
	let other: Head;
	try {
		other = await readHead({ note: theirs, key: mine.key }, mine.at);
	} catch (error) {
		if (!(error instanceof CryptoError)) throw error;
		const log = claimedSigner(theirs);
		// Two keys may have one name and number, so nothing is passed over under one's own.
		const passed = mine.passed?.filter((one) => one !== claimedSigner(mine.note));
		return log === undefined || passed?.includes(log) ? undefined : { is: 'other-log', log };
	}
	const [from, to] = other.size <= mine.size ? [other, mine] : [mine, other];
	return (await goesOn(source, from, to)) ? undefined : { is: 'forked', size: other.size };
}

/** One place from which the history is watched: it remembers the last head, and hears of those of others. */
export class Vantage {
	readonly #source: HeadSource;
	readonly #memory: Memory;
	readonly #now: () => number;
	#turn: Promise<unknown> = Promise.resolve();

	/** `now` gives milliseconds since 1970. */
	constructor(options: { source: HeadSource; memory: Memory; now: () => number }) {
		this.#source = options.source;
		this.#memory = options.memory;
		this.#now = options.now;
	}

	/**
	 * Looks at the head now, and remembers it unless something is wrong; asks again for a proof that was not given. Throws
	 * what the source throws; where it gives a head and no proof for the second time, that is a finding.
	 */
	look(): Promise<CheckedHead> {
		return this.#inTurn(() => this.#look());
	}

	/** Holds a head that somebody else was shown against one's own. Throws what the source throws, as `look`. */
	hear(theirs: string): Promise<HeadFinding | undefined> {
		return this.#inTurn(async () => {
			const { head, now } = await this.#look();
			return head && now && this.#compare({ head, now, theirs });
		});
	}

	/** One after another, so that an older answer never takes the place of a newer head. */
	#inTurn<T>(work: () => Promise<T>): Promise<T> {
		const next = this.#turn.then(work);
		this.#turn = next.catch(() => undefined);
		return next;
	}

	async #look(): Promise<CheckedHead> {
		const known = await this.#memory.recall();
		const checked = await checkHead(this.#source, { known, at: this.#now() });
		const { failure, now } = checked;
		if (failure && known && !known.unproved) {
			await this.#memory.remember({ ...known, unproved: true });
			throw failure.error;
		}
		if (!now || !checked.head || checked.head === known) return checked;
		const { doubt, passed } = known ?? {};
		const head = { ...checked.head, doubt, passed };
		await this.#memory.remember(head);
		if (doubt === undefined) return { ...checked, head };
		const wrong = await this.#compare({ head, now, theirs: doubt });
		if (wrong) return { ...checked, head, findings: [wrong] };
		await this.#memory.remember({ ...head, doubt: undefined });
		return { ...checked, head: { ...head, doubt: undefined } };
	}

	async #compare(options: {
		head: Head;
		now: Head;
		theirs: string;
	}): Promise<HeadFinding | undefined> {
		const { head, now, theirs } = options;
		try {
			const mine = { ...now, passed: head.passed };
			return await compareHeads(this.#source, { mine, theirs });
		} catch (error) {
			if (head.doubt !== undefined) return { is: 'unproved' };
			await this.#memory.remember({ ...head, doubt: theirs });
			throw error;
		}
	}
}

/** Where a vantage point keeps its head. */
export interface Memory {
	recall(): Promise<Head | undefined>;
	remember(head: Head): Promise<void>;
}
