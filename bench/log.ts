/** What the log of the history costs: rows a second with a durable commit each, and a proof at a million rows. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import { systemClock } from '../signaling/clock.ts';
import { History } from '../signaling/history/history.ts';
import { LogKey } from '../signaling/history/key.ts';
import { Ledger } from '../signaling/history/ledger.ts';
import { nodeHash } from '../signaling/history/tree.ts';
import { openStore, type Store } from '../signaling/store/database.ts';
import { newId } from '../tests/wire.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, range, round, table } from './tools/table.ts';

const leaves = 1_000_000;
const proofs = 200;
const rounds = 8;
const rowsARound = 100;
const ms = 1000;

async function withStore<T>(work: (store: Store, folder: string) => Promise<T>): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'sotto-bench-log-'));
	const database = await openStore(folder);
	try {
		return await work(database.store, folder);
	} finally {
		await database.close();
		await rm(folder, { recursive: true, force: true });
	}
}

async function perSecond(work: () => Promise<void>): Promise<number> {
	const start = performance.now();
	for (let n = 0; n < rowsARound; n++) await work();
	return (rowsARound * ms) / (performance.now() - start);
}

/** The same row, written as it was before there was a log, and as a leaf of it; in turns. */
function appends(repeats: number): Promise<{ plain: number[]; logged: number[] }> {
	return withStore(async (store) => {
		await sql`create table plain (n bigint primary key, at bigint, act text, who text, session text, recording text, about text, request text unique)`.execute(
			store,
		);
		const history = await History.open(store, systemClock());
		const [who, session] = [newId(), newId()];
		let n = 0;
		const insert = async (): Promise<void> => {
			n += 1;
			const at = Date.now();
			await store
				.transaction()
				.execute((db) =>
					sql`insert into plain values (${n}, ${at}, 'waited', ${who}, ${session}, null, null, null) on conflict (request) do nothing`.execute(
						db,
					),
				);
		};
		const add = (): Promise<void> =>
			store.transaction().execute((db) => history.add(db, { act: 'waited', who, session }));
		const [plain, logged]: [number[], number[]] = [[], []];
		await perSecond(insert);
		await perSecond(add);
		for (let turn = 0; turn < repeats; turn++) {
			plain.push(await perSecond(insert));
			logged.push(await perSecond(add));
		}
		return { plain, logged };
	});
}

/** Nodes of a tree of so many leaves, as the table has them. */
function* nodeRows(): Generator<[number, string]> {
	const open: (Buffer | undefined)[] = [];
	for (let n = 1; n <= leaves; n++) {
		let last: Buffer = createHash('sha256').update(String(n)).digest();
		const hashes = [last];
		let level = 0;
		for (let at = n - 1; at % 2 === 1; at = (at - 1) / 2) {
			last = nodeHash(open[level] ?? Buffer.alloc(32), last);
			hashes.push(last);
			level += 1;
		}
		open[level] = last;
		yield [n, Buffer.concat(hashes).toString('base64url')];
	}
}

function fill(path: string): void {
	const database = new Database(path);
	const insert = database.prepare('insert into log_nodes (n, hashes) values (?, ?)');
	database.transaction(() => {
		for (const [n, hashes] of nodeRows()) insert.run(n, hashes);
	})();
	database.close();
}

const pick = (): number => 1 + (randomBytes(4).readUInt32BE() % leaves);

async function timed(work: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	await work();
	return performance.now() - start;
}

/** Milliseconds of one proof of each kind, for rows and sizes at random. */
function prove(): Promise<{ inclusion: number[]; consistency: number[]; head: number[] }> {
	return withStore(async (store, folder) => {
		fill(join(folder, 'sotto.db'));
		const ledger = new Ledger(store, await LogKey.open(folder));
		const [inclusion, consistency, head]: number[][] = [[], [], []];
		for (let n = 0; n < proofs; n++) {
			inclusion?.push(await timed(() => ledger.inclusion({ n: pick(), size: leaves })));
			consistency?.push(await timed(() => ledger.consistency({ from: pick(), to: leaves })));
			head?.push(await timed(() => ledger.checkpoint()));
		}
		return { inclusion: inclusion ?? [], consistency: consistency ?? [], head: head ?? [] };
	});
}

export async function run({ repeats = rounds }: Options): Promise<Figures> {
	const { plain, logged } = await appends(repeats);
	const { inclusion, consistency, head } = await prove();
	table([
		{ what: 'plain rows a second', median: round(median(plain)), range: range(plain) },
		{ what: 'logged rows a second', median: round(median(logged)), range: range(logged) },
		{ what: 'inclusion, ms', median: round(median(inclusion)), range: range(inclusion) },
		{ what: 'consistency, ms', median: round(median(consistency)), range: range(consistency) },
		{ what: 'signed head, ms', median: round(median(head)), range: range(head) },
	]);
	return {
		ratio: round(median(plain) / median(logged)),
		proofMs: round(Math.max(median(inclusion), median(consistency))),
		appendsPerSecond: round(median(logged)),
	};
}
