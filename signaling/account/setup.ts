import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { ServerError } from '../errors.ts';
import { limits } from '../protocol/limits.ts';
import { sameText } from '../random.ts';

/** The one-time token of the printed address. It is burnt when the practice is made. */
export class SetupToken {
	readonly #clock: Clock;
	readonly #until: number;
	#token: string | undefined;
	#email: string | undefined;

	constructor(clock: Clock, options: { ready: boolean }) {
		this.#clock = clock;
		this.#until = clock.monotonic() + limits.setupTokenMs;
		this.#token = options.ready ? undefined : randomBytes(16).toString('base64url');
	}

	/** The token to print; `undefined` once a practice exists. */
	get text(): string | undefined {
		return this.#token;
	}

	/** Throws `conflict` when a practice exists, `setup-token` when the token is another or too old. */
	check(token: string): void {
		if (this.#token === undefined) throw new ServerError('conflict');
		if (!sameText(token, this.#token) || this.#clock.monotonic() >= this.#until)
			throw new ServerError('setup-token');
	}

	/** OPAQUE binds the password to this address, so the account must have the same. */
	begin(email: string): void {
		this.#email = email;
	}

	begunWith(email: string): boolean {
		return this.#email === email;
	}

	burn(): void {
		this.#token = undefined;
	}
}
