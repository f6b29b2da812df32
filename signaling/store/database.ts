import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
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
}

/** Distinct statements of this program are far fewer; the limit only keeps a mistake from growing. */
const statementsMax = 500;

/** Statements are compiled once: SQLite spends more time on that than on a small insert. */
function withStatements(database: Database.Database) {
	const statements = new Map<string, Database.Statement>();
	return {
		close: () => void database.close(),
		prepare(sql: string) {
			const known = statements.get(sql);
			if (known) return known;
			if (statements.size >= statementsMax) statements.clear();
			const statement = database.prepare(sql);
			statements.set(sql, statement);
			return statement;
		},
	};
}

/**
 * The SQLite file of the data directory, migrated. A commit is on the disk when it returns. Throws
 * SQLITE_BUSY when another server holds the same directory.
 */
export async function openStore(dataDir: string): Promise<OpenStore> {
	const database = new Database(join(dataDir, 'sotto.db'), { timeout: 500 });
	// One server per directory: two would not know of each other's sockets.
	database.pragma('locking_mode = EXCLUSIVE');
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
		throw error instanceof Error ? error : new Error('migration failed', { cause: error });
	}
	const checkpoint = () => void database.pragma('wal_checkpoint(TRUNCATE)');
	return {
		store,
		checkpoint,
		async close() {
			checkpoint();
			await store.destroy();
		},
	};
}
