import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../signaling/config.ts';
import { createServer, type SottoServer } from '../signaling/server.ts';
import { type Person, signUp, type Staff } from './staff.ts';

/** A clock that stands until it is moved. */
export class TestClock {
	#ms: number;

	constructor(ms = 1_800_000_000_000) {
		this.#ms = ms;
	}

	now(): number {
		return this.#ms;
	}

	monotonic(): number {
		return this.#ms;
	}

	forward(ms: number): void {
		this.#ms += ms;
	}
}

export interface LocalServer {
	readonly address: string;
	readonly setupUrl: string | undefined;
	readonly dataDir: string;
	readonly clock: TestClock;
	readonly server: SottoServer;
	log(): string;
	/** Ends it in peace; the data stay. */
	close(): Promise<void>;
	/** Ends it and removes its data. */
	stop(): Promise<void>;
}

/** The server inside the test's own process, on a free port, with a clock of its own. */
export async function localServer(
	options: { env?: Record<string, string>; dataDir?: string; clock?: TestClock } = {},
): Promise<LocalServer> {
	const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'sotto-local-')));
	const clock = options.clock ?? new TestClock();
	let log = '';
	const server = await createServer({
		config: readConfig({ PORT: '0', DATA_DIR: dataDir, RESERVE_MB: '0', ...options.env }),
		clock,
		logStream: { write: (line) => void (log += line) },
	});
	const { address, setupUrl } = await server.listen();
	return {
		address,
		setupUrl,
		dataDir,
		clock,
		server,
		log: () => log,
		close: () => server.close(),
		async stop() {
			await server.close();
			await rm(dataDir, { recursive: true, force: true });
		},
	};
}

/** The same with a practice and its first admin. */
export async function localPractice(
	options: Parameters<typeof localServer>[0] & { person?: Person } = {},
): Promise<LocalServer & { maya: Staff }> {
	const local = await localServer(options);
	return { ...local, maya: await signUp(local.address, local.setupUrl, options.person) };
}
