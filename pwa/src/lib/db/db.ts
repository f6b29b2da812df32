import { Dexie, type Table } from 'dexie';

/** What this browser remembers of staff. Rows are parsed by whoever reads them: an older version may have written them. */
class Database extends Dexie {
	declare readonly devices: Table<unknown, string>;

	constructor() {
		super('sotto');
		this.version(1).stores({ devices: 'id' });
	}
}

export const db = new Database();
