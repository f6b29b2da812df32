import { RecorderClient, RecorderError } from '#lib/record/client.ts';
import RecorderWorker from '#lib/record/worker/main.ts?worker';
import { RequestError } from '../background/presence/server.ts';
import { Tokens } from '../background/presence/tokens.ts';
import { type Pairing, readPairing } from '../pairing/store.ts';
import { folder } from './made.ts';
import type { Resume, Resumed } from './messages.ts';

/** A server that takes nothing for so long is asked again later. */
const stalledMs = 60_000;

/** What an earlier run left of one practice on its way to the server. It is sealed, and takes no key. */
class Bringing {
	readonly #tokens: Tokens;
	readonly #client: RecorderClient;
	#stalled: ReturnType<typeof setTimeout> | undefined;
	#done = 0;
	/** The practice took this browser off its list. */
	#off = false;

	constructor(pairing: Pairing) {
		this.#tokens = new Tokens(pairing);
		this.#client = new RecorderClient(new RecorderWorker({ name: folder }), (message) => {
			if (message.type === 'token-needed') void this.#renew();
			if (message.type === 'progress' && message.done > this.#done) this.#moved(message.done);
		});
	}

	/** Gives back the recordings that the server does not take from this browser. */
	async bring(origin: string, recordings: readonly string[]): Promise<string[]> {
		const refused: string[] = [];
		try {
			for (const recording of recordings) {
				this.#moved(0);
				const server = { origin, token: await this.#token() };
				const code = await this.#resume(recording, server);
				if (code === 'not-found') refused.push(recording);
				if (code === 'worker-died') break;
			}
		} catch (error) {
			// Offline, or a server that makes no sense: it is tried again in a while.
			if (!(error instanceof RequestError)) throw error;
		} finally {
			clearTimeout(this.#stalled);
			this.#client.terminate();
		}
		return this.#off ? [...recordings] : refused;
	}

	/** The code of what went wrong. What was deleted or finished elsewhere, the worker has forgotten already. */
	async #resume(
		recording: string,
		server: { origin: string; token: string },
	): Promise<string | undefined> {
		try {
			await this.#client.request({ type: 'resume', recording, server });
			return undefined;
		} catch (error) {
			if (!(error instanceof RecorderError)) throw error;
			return error.code;
		}
	}

	async #token(): Promise<string> {
		try {
			return await this.#tokens.get();
		} catch (error) {
			this.#off = error instanceof RequestError && error.code === 'not-found';
			throw error;
		}
	}

	async #renew(): Promise<void> {
		this.#tokens.drop();
		try {
			this.#client.token(await this.#token());
		} catch {
			this.#client.terminate();
		}
	}

	#moved(done: number): void {
		this.#done = done;
		clearTimeout(this.#stalled);
		this.#stalled = setTimeout(() => this.#client.terminate(), stalledMs);
	}
}

/** Brings what is here of recordings of a practice. Those `refused` are not taken from this browser, and stay. */
export async function bring({ practice, recordings }: Resume): Promise<Resumed> {
	const pairing = await readPairing(practice);
	if (!pairing) return { refused: [] };
	return { refused: await new Bringing(pairing).bring(pairing.origin, recordings) };
}
