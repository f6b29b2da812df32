import type { CompiledQuery, QueryResult } from 'kysely';
import type { Store, StoreTransaction } from './database.ts';

type Value = string | number | null;

/**
 * A query that is built once, for what happens in every call: building it anew costs more than SQLite
 * does. The values in `build` only mark their places; the real ones are given in the same order.
 */
export function prepared<Row>(
	build: (db: Store) => { compile(): CompiledQuery<Row> },
): (db: Store | StoreTransaction, ...values: Value[]) => Promise<QueryResult<Row>> {
	let compiled: CompiledQuery<Row> | undefined;
	return (db, ...values) => {
		compiled ??= build(db).compile();
		if (values.length !== compiled.parameters.length)
			throw new TypeError('another number of values than places');
		return db.executeQuery({ ...compiled, parameters: values });
	};
}
