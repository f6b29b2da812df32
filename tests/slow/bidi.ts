import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { WebSocket } from 'ws';

const startMs = 60_000;
const stepMs = 100;

const Answer = v.union([
	v.object({ type: v.literal('success'), id: v.number(), result: v.unknown() }),
	v.object({ type: v.literal('error'), id: v.nullable(v.number()), message: v.string() }),
	v.object({ type: v.literal('event'), method: v.string(), params: v.unknown() }),
]);
const Tree = v.object({
	contexts: v.tupleWithRest([v.object({ context: v.string() })], v.unknown()),
});
const Nodes = v.object({ nodes: v.array(v.object({ sharedId: v.string() })) });
const Result = v.union([
	v.object({ type: v.literal('success'), result: v.object({ value: v.optional(v.unknown()) }) }),
	v.object({ type: v.literal('exception'), exceptionDetails: v.object({ text: v.string() }) }),
]);
const LogEntry = v.object({ level: v.string(), text: v.nullable(v.string()) });

/** What can be handed to a page and back. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface FirefoxOptions {
	readonly path: string;
	readonly prefs: Readonly<Record<string, string | number | boolean>>;
	/** Runs in every page before its own scripts. */
	readonly preload?: () => void;
}

/** A headless Firefox with one window and a profile of its own, driven over WebDriver BiDi. */
export class Firefox {
	/** Errors that the pages threw or printed. */
	readonly complaints: string[] = [];
	readonly #child: ChildProcess;
	readonly #profile: string;
	readonly #waiting = new Map<number, (answer: v.InferOutput<typeof Answer>) => void>();
	#socket: WebSocket | undefined;
	#context = '';
	#next = 1;

	private constructor(child: ChildProcess, profile: string) {
		this.#child = child;
		this.#profile = profile;
	}

	/** Throws with what Firefox printed when it does not start. */
	static async launch(options: FirefoxOptions): Promise<Firefox> {
		const profile = await mkdtemp(join(tmpdir(), 'sotto-firefox-'));
		const prefs = Object.entries(options.prefs).map(
			([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
		);
		await writeFile(join(profile, 'user.js'), prefs.join(''));
		const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0'];
		const child = spawn(options.path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
		const self = new Firefox(child, profile);
		try {
			await self.#connect(await addressOf(child), options.preload);
		} catch (error) {
			await self.close();
			throw error;
		}
		return self;
	}

	async #connect(address: string, preload: (() => void) | undefined): Promise<void> {
		const socket = new WebSocket(`${address}/session`);
		this.#socket = socket;
		await new Promise<void>((resolve, reject) => {
			socket.once('open', () => resolve());
			socket.once('error', reject);
		});
		socket.on('message', (data: Buffer) => this.#take(data.toString()));
		await this.#send('session.new', { capabilities: {} });
		await this.#send('session.subscribe', { events: ['log.entryAdded'] });
		if (preload)
			await this.#send('script.addPreloadScript', { functionDeclaration: String(preload) });
		const tree = v.parse(Tree, await this.#send('browsingContext.getTree', {}));
		this.#context = tree.contexts[0].context;
	}

	#take(text: string): void {
		const answer = v.parse(Answer, JSON.parse(text));
		if (answer.type !== 'event') {
			this.#waiting.get(answer.id ?? 0)?.(answer);
			this.#waiting.delete(answer.id ?? 0);
			return;
		}
		const entry = v.safeParse(LogEntry, answer.params);
		if (answer.method === 'log.entryAdded' && entry.success && entry.output.level === 'error')
			this.complaints.push(entry.output.text ?? '');
	}

	/** Throws what Firefox answers when it refuses. */
	async #send(method: string, params: Json): Promise<unknown> {
		const id = this.#next++;
		const answer = await new Promise<v.InferOutput<typeof Answer>>((resolve) => {
			this.#waiting.set(id, resolve);
			this.#socket?.send(JSON.stringify({ id, method, params }));
		});
		if (answer.type === 'success') return answer.result;
		throw new Error(`${method}: ${answer.type === 'error' ? answer.message : 'no answer'}`);
	}

	async goto(url: string): Promise<void> {
		await this.#send('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
	}

	/** Calls a function in the page, which may use nothing but its argument. Throws what it throws. */
	async evaluate<A extends Json, R>(
		work: (argument: A) => R | Promise<R>,
		argument: A,
	): Promise<R> {
		const answer = await this.#send('script.callFunction', {
			functionDeclaration: `async (text) => JSON.stringify(await (${String(work)})(JSON.parse(text)))`,
			awaitPromise: true,
			arguments: [{ type: 'string', value: JSON.stringify(argument) }],
			target: { context: this.#context },
		});
		const result = v.parse(Result, answer);
		if (result.type === 'exception') throw new Error(result.exceptionDetails.text);
		const { value } = result.result;
		return JSON.parse(typeof value === 'string' ? value : 'null');
	}

	/** Until a function in the page answers true; throws after `ms`. */
	async until<A extends Json>(
		work: (argument: A) => boolean | Promise<boolean>,
		argument: A,
		ms = 30_000,
	): Promise<void> {
		const end = Date.now() + ms;
		while (!(await this.evaluate(work, argument))) {
			if (Date.now() > end) throw new Error(`not so after ${ms} ms: ${String(work)}`);
			await new Promise((resolve) => setTimeout(resolve, stepMs));
		}
	}

	/** Whether something of this role and name is on the page now. */
	async has(role: string, name: string): Promise<boolean> {
		return (await this.#find(role, name)) !== undefined;
	}

	async #find(role: string, name: string): Promise<string | undefined> {
		const found = await this.#send('browsingContext.locateNodes', {
			context: this.#context,
			locator: { type: 'accessibility', value: { role, name } },
		});
		return v.parse(Nodes, found).nodes[0]?.sharedId;
	}

	/** Until something of this role and name is there; throws after `ms`. */
	async find(role: string, name: string, ms = 30_000): Promise<string> {
		for (const end = Date.now() + ms; Date.now() < end;) {
			const found = await this.#find(role, name);
			if (found !== undefined) return found;
			await new Promise((resolve) => setTimeout(resolve, stepMs));
		}
		throw new Error(`no ${role} "${name}" after ${ms} ms`);
	}

	/** Presses it as a mouse does, once it stays where it is. */
	async click(role: string, name: string): Promise<void> {
		const element = { sharedId: await this.find(role, name) };
		await this.#send('script.callFunction', {
			functionDeclaration: String(settle),
			awaitPromise: true,
			arguments: [element],
			target: { context: this.#context },
		});
		const origin = { type: 'element', element };
		await this.#send('input.performActions', {
			context: this.#context,
			actions: [
				{
					type: 'pointer',
					id: 'mouse',
					actions: [
						{ type: 'pointerMove', x: 0, y: 0, origin },
						{ type: 'pointerDown', button: 0 },
						{ type: 'pointerUp', button: 0 },
					],
				},
			],
		});
	}

	async close(): Promise<void> {
		this.#socket?.close();
		const { exitCode, signalCode } = this.#child;
		if (exitCode === null && signalCode === null) {
			const ended = new Promise((resolve) => this.#child.once('exit', resolve));
			this.#child.kill('SIGKILL');
			await ended;
		}
		await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
	}
}

/** Runs in the page: until an element is in sight and has not moved for some pictures. */
async function settle(element: Element): Promise<void> {
	const place = (): string => JSON.stringify(element.getBoundingClientRect());
	for (let [before, same] = ['', 0]; same < 3;) {
		element.scrollIntoView({ block: 'center', behavior: 'instant' });
		await new Promise((resolve) => setTimeout(resolve, 50));
		same = place() === before ? same + 1 : 0;
		before = place();
	}
}

/** The address that Firefox prints when it listens. */
function addressOf(child: ChildProcess): Promise<string> {
	return new Promise((resolve, reject) => {
		let printed = '';
		const late = setTimeout(() => reject(new Error(`no Firefox: ${printed}`)), startMs);
		child.once('exit', () => reject(new Error(`Firefox ended: ${printed}`)));
		child.stderr?.on('data', (data: Buffer) => {
			printed += data.toString();
			const address = /WebDriver BiDi listening on (ws:\S+)/.exec(printed)?.[1];
			if (address === undefined) return;
			clearTimeout(late);
			resolve(address);
		});
	});
}
