import { type Kysely, sql } from 'kysely';

type Column = 'text' | 'text?' | 'bigint' | 'bigint?';

/** One table of `text` and `bigint` columns; a question mark allows null. */
export async function table(
	db: Kysely<unknown>,
	name: string,
	options: { key: readonly string[]; columns: Record<string, Column> },
): Promise<void> {
	const { key, columns } = options;
	const lines = Object.entries(columns).map(([column, type]) => {
		const kind = type.startsWith('text') ? sql`text` : sql`bigint`;
		return type.endsWith('?')
			? sql`${sql.ref(column)} ${kind}`
			: sql`${sql.ref(column)} ${kind} not null`;
	});
	const primary = sql.join(key.map((column) => sql.ref(column)));
	await sql`create table ${sql.table(name)} (${sql.join(lines)}, primary key (${primary}))`.execute(
		db,
	);
}

/** An index on columns of a table. */
export async function index(
	db: Kysely<unknown>,
	name: string,
	options: { on: string; columns: readonly string[]; unique?: boolean },
): Promise<void> {
	const { unique, on, columns } = options;
	const list = sql.join(columns.map((column) => sql.ref(column)));
	const kind = unique ? sql`unique index` : sql`index`;
	await sql`create ${kind} ${sql.ref(name)} on ${sql.table(on)} (${list})`.execute(db);
}
