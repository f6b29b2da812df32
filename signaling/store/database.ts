import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect, sql, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import * as v from 'valibot';
import { migrations } from './migrations.ts';
import type { Tables } from './tables.ts';

export type Store = Kysely<Tables>;
export type StoreTransaction = Transaction<Tables>;

export interface OpenStore {
	store: Store;
	/** Writes the log of changes back into the database file and closes it. */
	close(): Promise<void>;
	/** Writes the log of changes back, so that erased bytes are in no file any more. */
	checkpoint(): void;
	/**
	 * Rewrites the whole file: what is in no row is then in no page, whatever the pages went through. Waits for
	 * transactions. False when somebody else reads the log of changes, so that it could not be emptied.
	 */
	rewrite(): Promise<boolean>;
	/** Bytes of the file. */
	size(): number;
}

/** Distinct statements of this program are far fewer; the limit only keeps a mistake from growing. */
const statementsMax = 500;

/** Statements are compiled once: SQLite spends more time on that than on a small insert. */
function withStatements(database: Database.Database) {
	const statements = new Map<string, Database.Statement>();
	return {
		close: () => void database.close(),
		prepare(text: string) {
			const known = statements.get(text);
			if (known) return known;
			if (statements.size >= statementsMax) statements.clear();
			const statement = database.prepare(text);
			statements.set(text, statement);
			return statement;
		},
	};
}

/** The name of the file that one server per directory holds; it is always empty. */
export const lockName = 'server.lock';

/** One server per directory: two would not know of each other's sockets. The system frees it after a crash. */
function lock(dataDir: string): Database.Database {
	const held = new Database(join(dataDir, lockName), { timeout: 500 });
	held.pragma('locking_mode = EXCLUSIVE');
	held.exec('begin exclusive; commit');
	return held;
}

const Checkpointed = v.tuple([v.object({ busy: v.number() })]);

/**
 * The SQLite file of the data directory, migrated. A commit is on the disk when it returns. Throws
 * SQLITE_BUSY when another server holds the same directory. Others may read the file: a backup does.
 */
export async function openStore(dataDir: string): Promise<OpenStore> {
	const held = lock(dataDir);
	const database = new Database(join(dataDir, 'sotto.db'), { timeout: 500 });
	database.pragma('journal_mode = WAL');
	database.pragma('synchronous = FULL');
	database.pragma('secure_delete = ON');
	const store = new Kysely<Tables>({
		dialect: new SqliteDialect({ database: withStatements(database) }),
	});
	const migrator = new Migrator({
		db: store,
		provider: { getMigrations: () => Promise.resolve(migrations) },
	});
	const { error } = await migrator.migrateToLatest();
	if (error) {
		await store.destroy();
		held.close();
		throw error instanceof Error ? error : new Error('migration failed', { cause: error });
	}
	const checkpoint = () => void database.pragma('wal_checkpoint(TRUNCATE)');
	return {
		store,
		checkpoint,
		async rewrite() {
			await sql`vacuum`.execute(store);
			const { rows } = await sql`pragma wal_checkpoint(truncate)`.execute(store);
			const [{ busy }] = v.parse(Checkpointed, rows);
			return busy === 0;
		},
		size: () => statSync(database.name).size,
		async close() {
			checkpoint();
			await store.destroy();
			held.close();
		},
	};
}
