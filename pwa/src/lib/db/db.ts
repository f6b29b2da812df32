import { Dexie, type Table } from 'dexie';
import { nameHere } from '#lib/net/home.ts';

/** What this browser remembers of staff. Rows are parsed by whoever reads them: an older version may have written them. */
class Database extends Dexie {
	declare readonly devices: Table<unknown, string>;
	/** The newest signed settings that were seen, by practice. */
	declare readonly policies: Table<unknown, string>;
	/** What was read of recordings, sealed under the account key, by member. */
	declare readonly shelves: Table<unknown, string>;
	/** The last head of the history that was seen, by practice. */
	declare readonly heads: Table<unknown, string>;

	/** What opens her offline copies, by member; see copies/rows.ts, as for the next two. */
	declare readonly vaults: Table<unknown, string>;
	declare readonly copies: Table<unknown, string>;
	declare readonly removedCopies: Table<unknown, string>;

	constructor() {
		super(nameHere('sotto'));
		this.version(1).stores({ devices: 'id' });
		this.version(2).stores({ policies: 'practice' });
		this.version(3).stores({ shelves: 'member' });
		this.version(4).stores({ heads: 'practice' });
		this.version(5).stores({ vaults: 'member', copies: 'recording', removedCopies: 'recording' });
	}
}

export const db = new Database();
