import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { findDesktop } from '../../scripts/find.js';

const python = '/usr/bin/python3';
const waitMs = 20_000;

const Event = v.variant('event', [
	v.object({ event: v.literal('ready') }),
	v.object({
		event: v.literal('notify'),
		id: v.number(),
		/** The id of the one that it takes the place of, 0 for none. */
		replaces: v.number(),
		title: v.string(),
		body: v.string(),
		/** Words of the buttons by their names. */
		actions: v.record(v.string(), v.string()),
		/** 0: it stays until somebody acts. */
		timeout: v.number(),
	}),
	v.object({ event: v.literal('closed'), id: v.number(), reason: v.number() }),
]);
type Event = v.InferOutput<typeof Event>;
export type Notify = Extract<Event, { event: 'notify' }> & {
	/** Of Date.now(). */
	readonly at: number;
};

/** Whether this machine can stand in for a desktop; without that the tests that need one are skipped. */
export const hasDesktop = findDesktop() !== undefined;

/** A session bus of its own with a notification server on it: what the operating system is told. */
export class Desktop {
	/** All notifications that were asked for, in order. */
	readonly told: Notify[] = [];
	/** Ids of those that are shown. */
	readonly shown = new Set<number>();
	readonly #folder: string;
	readonly #processes: ChildProcess[] = [];
	#server: ChildProcess | undefined;
	#wake: (() => void)[] = [];

	private constructor(folder: string) {
		this.#folder = folder;
	}

	/** Browsers that are started from now on belong to this desktop. */
	static async start(): Promise<Desktop> {
		const desktop = new Desktop(await mkdtemp(join(tmpdir(), 'sotto-desktop-')));
		const address = `unix:path=${desktop.#folder}/bus`;
		process.env['DBUS_SESSION_BUS_ADDRESS'] = address;
		desktop.#spawn('dbus-daemon', ['--session', '--nofork', `--address=${address}`]);
		await desktop.#until('bus', () => existsSync(join(desktop.#folder, 'bus')));
		desktop.#spawn('/bin/sh', ['-c', `exec dbus-monitor --binary > ${desktop.#folder}/bytes`]);
		await desktop.#until('monitor', () => desktop.bytes().length > 0);
		await desktop.#serve();
		return desktop;
	}

	#spawn(command: string, args: string[]): ChildProcess {
		const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
		this.#processes.push(child);
		return child;
	}

	async #serve(): Promise<void> {
		const script = join(import.meta.dirname, 'notifications.py');
		const server = this.#spawn(python, [script]);
		this.#server = server;
		let ready = false;
		if (!server.stdout) throw new Error('a pipe was asked for');
		createInterface(server.stdout).on('line', (line) => {
			const event = v.parse(Event, JSON.parse(line));
			if (event.event === 'ready') ready = true;
			else this.#take(event);
			for (const wake of this.#wake.splice(0)) wake();
		});
		await this.#until('notification server', () => ready);
	}

	#take(event: Exclude<Event, { event: 'ready' }>): void {
		if (event.event === 'closed') return void this.shown.delete(event.id);
		this.shown.add(event.id);
		this.told.push({ ...event, at: Date.now() });
	}

	/** Everything that went over the bus. */
	bytes(): Buffer {
		const file = join(this.#folder, 'bytes');
		return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
	}

	/** Waits until so many were asked for in all; gives the last. */
	async count(count: number): Promise<Notify> {
		await this.#until(`${count} notifications`, () => this.told.length >= count);
		const last = this.told[count - 1];
		if (!last) throw new Error('there is one');
		return last;
	}

	/** Waits until so many are shown. */
	async showing(count: number): Promise<void> {
		await this.#until(`${count} shown`, () => this.shown.size === count);
	}

	/** Presses the button with these words; `default` presses the notification itself. */
	click({ id, actions }: Notify, words: string): void {
		const [name] = Object.entries(actions).find(([, text]) => text === words) ?? [words];
		this.#server?.stdin?.write(`click ${id} ${name}\n`);
	}

	/** From now on it says so late that it shows something, as a machine that is busy. */
	answerAfter(ms: number): void {
		this.#server?.stdin?.write(`answer ${ms}\n`);
	}

	async #until(what: string, holds: () => boolean): Promise<void> {
		const until = Date.now() + waitMs;
		while (!holds()) {
			const left = until - Date.now();
			if (left <= 0) throw new Error(`no ${what}; told: ${JSON.stringify(this.told)}`);
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, Math.min(left, 100));
				this.#wake.push(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
	}

	async stop(): Promise<void> {
		for (const child of this.#processes.toReversed()) child.kill('SIGTERM');
		delete process.env['DBUS_SESSION_BUS_ADDRESS'];
		await rm(this.#folder, { recursive: true, force: true });
	}
}
