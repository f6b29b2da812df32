import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const startMs = 30_000;

export interface ServerOptions {
	/** Variables of the environment, over the defaults of the test. */
	env?: Record<string, string>;
	/** A data directory to go on with; without it a new one, removed at `stop`. */
	dataDir?: string;
	/** A port to listen on; without it any that is free. */
	port?: number;
}

export interface TestServer {
	/** The origin under which the pages are served, like http://localhost:40123. */
	readonly address: string;
	/** The printed address for the first run, while no practice existed at start. */
	readonly setupUrl: string | undefined;
	readonly dataDir: string;
	readonly pid: number;
	/** Everything that all its processes wrote so far, lines for people and lines of the log. */
	log(): string;
	/** Sends a signal and waits for the end. */
	kill(signal: NodeJS.Signals): Promise<void>;
	/** Starts again on the same port with the same data, after ending what still runs. */
	restart(env?: Record<string, string>): Promise<void>;
	/** Ends it in peace and removes the data directory. */
	stop(): Promise<void>;
}

class ServerProcess implements TestServer {
	address = '';
	setupUrl: string | undefined;
	readonly dataDir: string;
	readonly #options: ServerOptions;
	readonly #ownsData: boolean;
	#process: ChildProcess | undefined;
	#ended: Promise<void> = Promise.resolve();
	#log = '';

	constructor(options: ServerOptions, dataDir: string) {
		this.#options = options;
		this.dataDir = dataDir;
		this.#ownsData = options.dataDir === undefined;
	}

	get pid(): number {
		return this.#process?.pid ?? 0;
	}

	log(): string {
		return this.#log;
	}

	async start(env: Record<string, string> = {}): Promise<void> {
		const port = this.address ? new URL(this.address).port : `${this.#options.port ?? 0}`;
		const child = spawn(process.execPath, ['signaling/main.ts'], {
			cwd: root,
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {
				...process.env,
				PORT: port,
				DATA_DIR: this.dataDir,
				// It is started anew for nearly every file of tests.
				NODE_COMPILE_CACHE: join(tmpdir(), 'sotto-test-code'),
				...this.#options.env,
				...env,
			},
		});
		this.#process = child;
		this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
		let printed = '';
		child.stderr.on('data', (data: Buffer) => (this.#log += data.toString()));
		await new Promise<void>((resolve, reject) => {
			const late = setTimeout(() => reject(new Error(`no server: ${this.#log}`)), startMs);
			child.once('exit', () => reject(new Error(`the server ended: ${this.#log}`)));
			child.stdout.on('data', (data: Buffer) => {
				printed += data.toString();
				this.#log += data.toString();
				if (!printed.includes('Sotto is ready')) return;
				clearTimeout(late);
				resolve();
			});
		});
		this.address = /Sotto listens on (\S+)/.exec(printed)?.[1] ?? '';
		this.setupUrl = /Set up your practice: (\S+)/.exec(printed)?.[1];
	}

	async kill(signal: NodeJS.Signals): Promise<void> {
		this.#process?.kill(signal);
		await this.#ended;
	}

	async restart(env: Record<string, string> = {}): Promise<void> {
		await this.kill('SIGTERM');
		await this.start(env);
	}

	async stop(): Promise<void> {
		await this.kill('SIGTERM');
		if (this.#ownsData) await rm(this.dataDir, { recursive: true, force: true });
	}
}

/**
 * The real server process over build/pwa, listening when this resolves. Throws with what it wrote when
 * it does not start.
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
	const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'sotto-data-')));
	const server = new ServerProcess(options, dataDir);
	await server.start();
	return server;
}
