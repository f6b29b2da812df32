import { join } from 'node:path';
import Database from 'better-sqlite3';
import * as v from 'valibot';
import { type Head, checkHead } from '#crypto/log/head.ts';
import type { LogSource } from '#lib/proof/head.ts';
import { ApiError } from '#lib/net/errors.ts';
import { ErrorBody } from '../signaling/protocol/errors.ts';
import { Erasures } from '../signaling/protocol/erasing.ts';
import { LogBlock, LogCheckpoint, LogConsistency } from '../signaling/protocol/log.ts';
import { localServer, type LocalServer, type TestClock } from './local.ts';
import { Staff } from './staff.ts';
import type { Answer } from './wire.ts';

/** The log as somebody who asks like this sees it, as the app reads it. */
export function logAs(ask: (path: string) => Promise<Answer>): LogSource {
	const get = async <S extends v.GenericSchema>(schema: S, path: string) => {
		const { status, body } = await ask(path);
		if (status !== 200) throw new ApiError(v.parse(ErrorBody, body).error);
		return v.parse(schema, body);
	};
	return {
		checkpoint: () => get(LogCheckpoint, '/api/log/checkpoint'),
		async consistency({ from, to }) {
			const { status, body } = await ask(`/api/log/consistency?from=${from}&to=${to}`);
			return status === 404 ? undefined : v.parse(LogConsistency, body).path;
		},
		block: ({ block, size }) => get(LogBlock, `/api/log/blocks/${block}?size=${size}`),
		erasures: async () => (await get(Erasures, '/api/log/erasures')).rows,
	};
}

export const logOf = (staff: Staff): LogSource => logAs((path) => staff.call('GET', path));

/** The head that a client remembers after it looked for the first time. Throws where something is wrong already. */
export async function headOf(source: LogSource, at: number): Promise<Head> {
	const { head, findings } = await checkHead(source, { known: undefined, at });
	if (!head || findings.length > 0) throw new Error('a head that is wrong from the start');
	return head;
}

/** Ends the server, lets somebody at its database, and starts it again. */
export async function tamper(
	local: LocalServer & { maya: Staff },
	work: (database: Database.Database) => void,
): Promise<LocalServer & { maya: Staff }> {
	await local.close();
	const database = new Database(join(local.dataDir, 'sotto.db'));
	work(database);
	database.close();
	return again(local);
}

/** A server on the same data, and the same member at its new address. */
export async function again(options: {
	dataDir: string;
	clock: TestClock;
	maya: Staff;
}): Promise<LocalServer & { maya: Staff }> {
	const { dataDir, clock, maya } = options;
	const server = await localServer({ dataDir, clock });
	const { email, password, deviceKey, recovery, identity, practiceKey, signedIn } = maya;
	const credentials = { email, password, deviceKey, recovery, identity, practiceKey, signedIn };
	return { ...server, maya: new Staff({ ...credentials, address: server.address }) };
}
