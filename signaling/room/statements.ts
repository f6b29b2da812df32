import type { CompiledQuery } from 'kysely';
import type { Store } from '../store/database.ts';

/** What a call does many times, compiled once: building such a query costs more than SQLite does. */
export interface Statements {
	/** to_seat, n, session, from_seat, id, body. Changes no row when the id was written before. */
	insertRelay: CompiledQuery;
	/** null, to_seat, n. */
	acknowledge: CompiledQuery;
}

/** The values only mark the places, in the order in which they are given later. */
export function compileStatements(store: Store): Statements {
	return {
		insertRelay: store
			.insertInto('relay')
			.values({ to_seat: '', n: 0, session: '', from_seat: '', id: '', body: '' })
			.onConflict((it) => it.columns(['from_seat', 'id']).doNothing())
			.compile(),
		acknowledge: store
			.updateTable('relay')
			.set({ body: null })
			.where('to_seat', '=', '')
			.where('n', '<=', 0)
			.where('body', 'is not', null)
			.compile(),
	};
}
