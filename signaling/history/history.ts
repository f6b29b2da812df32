import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Act } from '../protocol/sessions.ts';
import type { Signed } from '../protocol/text.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import { prepared } from '../store/prepared.ts';
import { personalHash, type Row, rowHash, signedHash, textHash } from './leaf.ts';
import { nodesOf, sizeOf } from './ledger.ts';
import { completed } from './tree.ts';

export interface Entry {
	act: Act;
	/** A member, a seat or a place. */
	who?: string;
	/** Null for a recording that was made in none. */
	session?: string | null;
	recording?: string;
	/** What else it is about: a share, a member whose access it was, a request. */
	about?: string;
	/** The request that said so: asked again, it is not written again. */
	request?: string;
	/** Why, sealed for those whom it concerns. The log holds its hash only. */
	reason?: string;
	/** What the actor signed of it (`sotto/act/v1`), checked by the caller. */
	signed?: Signed;
}

const insertRow = prepared((db) =>
	db
		.insertInto('history')
		.values({
			n: 0,
			at: 0,
			act: 'left',
			who: '',
			session: '',
			recording: '',
			about: '',
			request: '',
			salt: '',
			of: '',
			reason: '',
			reason_hash: '',
			signed: '',
			signed_hash: '',
		})
		.onConflict((it) => it.column('request').doNothing()),
);
const insertNodes = prepared((db) => db.insertInto('log_nodes').values({ n: 0, hashes: '' }));

/** 16 bytes, so that nobody who has the log can try out whom a row is about. */
const newSalt = (): string => randomBytes(16).toString('base64url');

/** Adds the leaf of row `n`, which is one more than the log had. */
async function addLeaf(
	db: Store | StoreTransaction,
	{ n, leaf }: { n: number; leaf: Buffer },
): Promise<void> {
	const hashes = await completed(nodesOf(db), n - 1, leaf);
	await insertNodes(db, n, Buffer.concat(hashes).toString('base64url'));
}

/** What was done, in order. Ids only. Every row is a leaf of the log in the same commit. */
export class History {
	readonly #clock: Clock;

	private constructor(clock: Clock) {
		this.#clock = clock;
	}

	static async open(store: Store, clock: Clock): Promise<History> {
		await store.transaction().execute(adopt);
		return new History(clock);
	}

	/** Adds a row in the same transaction as what it tells of. */
	async add(db: StoreTransaction | Store, entry: Entry): Promise<void> {
		if (db.isTransaction) return this.#add(db, entry);
		return db.transaction().execute((own) => this.#add(own, entry));
	}

	async #add(db: StoreTransaction | Store, entry: Entry): Promise<void> {
		const { act, who = null, session = null, recording = null } = entry;
		const { about = null, request = null, reason = null, signed } = entry;
		// Asked of the rows each time: a number that a turn took back is free again.
		const n = (await sizeOf(db)) + 1;
		const said = {
			who,
			session,
			recording,
			about,
			salt: newSalt(),
			of: '',
			reason,
			reason_hash: reason === null ? null : textHash(reason),
			signed: signed ? JSON.stringify(signed) : null,
			signed_hash: signed ? signedHash(signed) : null,
		};
		const row: Row = { n, at: this.#clock.now(), act, ...said, of: personalHash(said) };
		const values = [
			[row.n, row.at, act, who, session, recording, about, request],
			[row.salt, row.of, row.reason, row.reason_hash, row.signed, row.signed_hash],
		].flat();
		const { numAffectedRows } = await insertRow(db, ...values);
		if (numAffectedRows !== 0n) await addLeaf(db, { n: row.n, leaf: rowHash(row) });
	}
}

/** Rows from before there was a log become its leaves; their numbers follow each other without gaps. */
async function adopt(db: StoreTransaction): Promise<void> {
	const size = await sizeOf(db);
	const { n: last } = await db
		.selectFrom('history')
		.select((it) => it.fn.max('n').as('n'))
		.executeTakeFirstOrThrow();
	if (size > 0) return fill(db, { from: size + 1, to: last ?? 0 });
	const rows = await db.selectFrom('history').selectAll().orderBy('n').execute();
	for (const [at, { n: before, request: _, ...old }] of rows.entries()) {
		const said = { ...old, salt: newSalt() };
		const row: Row = { ...said, n: at + 1, of: personalHash(said) };
		const { n, salt, of } = row;
		await db.updateTable('history').set({ n, salt, of }).where('n', '=', before).execute();
		await addLeaf(db, { n: row.n, leaf: rowHash(row) });
	}
}

/** Rows that no commit of ours left without a leaf: the leaf there fits no row, which everybody sees, and the log goes on. */
async function fill(
	db: StoreTransaction,
	{ from, to }: { from: number; to: number },
): Promise<void> {
	for (let n = from; n <= to; n++) await addLeaf(db, { n, leaf: Buffer.alloc(32) });
}
