import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { limits } from '../protocol/limits.ts';
import { sha256 } from '../random.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import { presentRecording } from './access.ts';
import type { ObjectName, Piece } from './objects.ts';
import type { Range } from './range.ts';
import { isStaged } from './revisions.ts';

/** Runs what concerns one name one after another. */
export class Lanes {
	readonly #last = new Map<string, Promise<unknown>>();

	async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
		const before = this.#last.get(name) ?? Promise.resolve();
		const result = before.then(work, work);
		const settled = result.catch(() => undefined);
		this.#last.set(name, settled);
		try {
			return await result;
		} finally {
			if (this.#last.get(name) === settled) this.#last.delete(name);
		}
	}
}

function whereObject(db: Store | StoreTransaction, name: ObjectName) {
	return db
		.selectFrom('objects')
		.select(['chunks', 'bytes'])
		.where('recording', '=', name.recording)
		.where('track', '=', name.track)
		.where('part', '=', name.part);
}

/** How much of an object is stored; nothing yet is no error. */
async function sizeOf(
	db: Store | StoreTransaction,
	name: ObjectName,
): Promise<{ chunks: number; bytes: number }> {
	return (await whereObject(db, name).executeTakeFirst()) ?? { chunks: 0, bytes: 0 };
}

/** Throws `not-found` for a track that was not announced, `gone` when it or its recording takes no more. */
async function checkWritable(db: Store | StoreTransaction, name: ObjectName): Promise<void> {
	const { state } = await presentRecording(db, name.recording);
	const track = await db
		.selectFrom('tracks')
		.select('removed')
		.where('recording', '=', name.recording)
		.where('id', '=', name.track)
		.executeTakeFirst();
	if (!track) throw new ServerError('not-found');
	const taken = state === 'live' || (await isStaged(db, name));
	if (!taken || track.removed === 1) throw new ServerError('gone');
}

/** Whether a chunk was stored before. Throws `chunk-differs` when it held other bytes. */
async function checkSame(
	db: Store,
	name: ObjectName,
	options: { chunk: number; hash: string },
): Promise<void> {
	const row = await db
		.selectFrom('chunks')
		.select('sha256')
		.where('recording', '=', name.recording)
		.where('track', '=', name.track)
		.where('part', '=', name.part)
		.where('chunk', '=', options.chunk)
		.executeTakeFirst();
	if (row?.sha256 !== options.hash) throw new ServerError('chunk-differs');
}

async function insertChunk(
	context: Context,
	name: ObjectName,
	options: { chunk: number; hash: string; length: number },
): Promise<void> {
	const { store } = context;
	const { chunk, hash, length } = options;
	await store.transaction().execute(async (db) => {
		// It may have been deleted or finished while its bytes were on their way to the disk.
		await checkWritable(db, name);
		const { bytes: start } = await sizeOf(db, name);
		await db
			.insertInto('chunks')
			.values({ ...name, chunk, start, bytes: length, sha256: hash })
			.execute();
		const size = { chunks: chunk + 1, bytes: start + length };
		await db
			.insertInto('objects')
			.values({ ...name, ...size })
			.onConflict((it) => it.columns(['recording', 'track', 'part']).doUpdateSet(size))
			.execute();
	});
}

/**
 * Stores the next chunk of an object: its file first, then the row that makes it count. The same bytes
 * again are no error. Says whether it is new. Throws `chunk-order` with the chunk that is wanted,
 * `chunk-differs`, `gone`, `not-found`, `storage-full`.
 */
export async function storeChunk(
	context: Context,
	name: ObjectName,
	options: { chunk: number; bytes: Uint8Array },
): Promise<boolean> {
	const { store, objects } = context;
	const { chunk, bytes } = options;
	if (name.part >= limits.partsPerTrack || chunk >= limits.chunksPerObject)
		throw new ServerError('over-limit');
	if (bytes.length === 0) throw new ServerError('bad-request');
	const hash = sha256(bytes).toString('base64url');
	await checkWritable(store, name);
	const { chunks } = await sizeOf(store, name);
	if (chunk < chunks) {
		await checkSame(store, name, { chunk, hash });
		return false;
	}
	if (chunk > chunks) throw new ServerError('chunk-order', { next: chunks });
	await objects.write(name, chunk, bytes);
	await insertChunk(context, name, { chunk, hash, length: bytes.length });
	return true;
}

/** The size of an object. Throws `not-found`. */
export async function objectSize(store: Store, name: ObjectName): Promise<number> {
	const row = await whereObject(store, name).executeTakeFirst();
	if (!row) throw new ServerError('not-found');
	return row.bytes;
}

/** Rows that are read at once. */
const rowsAtOnce = 256;

function chunksOf(store: Store, name: ObjectName) {
	return store
		.selectFrom('chunks')
		.where('recording', '=', name.recording)
		.where('track', '=', name.track)
		.where('part', '=', name.part);
}

/** Which bytes of which chunks make up a range of an object, which must hold it. */
export async function* pieces(store: Store, name: ObjectName, range: Range): AsyncGenerator<Piece> {
	let at = range.from;
	while (at < range.to) {
		const first = await chunksOf(store, name)
			.select((it) => it.fn.max('start').as('start'))
			.where('start', '<=', at)
			.executeTakeFirstOrThrow();
		const rows = await chunksOf(store, name)
			.select(['chunk', 'start', 'bytes'])
			.where('start', '>=', first.start)
			.where('start', '<', range.to)
			.orderBy('start')
			.limit(rowsAtOnce)
			.execute();
		const before = at;
		for (const { chunk, start, bytes } of rows) {
			yield { chunk, from: at - start, to: Math.min(range.to - start, bytes) };
			at = start + bytes;
		}
		if (at === before) throw new Error('an object has a hole');
	}
}
