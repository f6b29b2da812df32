import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as opaque from '@serenity-kit/opaque';
import { ServerError } from '../errors.ts';
import { writeDurably } from '../store/files.ts';

/** The server's side of OPAQUE (RFC 9807). Without its setup file nobody can sign in: it belongs into every backup. */
export class Opaque {
	readonly #setup: string;
	/** `serverStaticPublicKey`, which clients pin. */
	readonly publicKey: string;

	private constructor(setup: string) {
		this.#setup = setup;
		this.publicKey = opaque.server.getPublicKey(setup);
	}

	/** Reads DATA_DIR/opaque.setup; `fresh` makes it when there is none, for a directory without accounts. */
	static async open(dataDir: string, options: { fresh: boolean }): Promise<Opaque> {
		await opaque.ready;
		const path = join(dataDir, 'opaque.setup');
		try {
			return new Opaque(await readFile(path, 'utf8'));
		} catch (error) {
			const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
			if (!missing) throw error;
			if (!options.fresh)
				throw new Error('opaque.setup is missing: restore it from the backup', { cause: error });
		}
		const setup = opaque.server.createSetup();
		await writeDurably(path, Buffer.from(setup));
		return new Opaque(setup);
	}

	/** Throws `bad-request` when the message is none. */
	register(email: string, registrationRequest: string): string {
		return guarded('bad-request', () =>
			opaque.server.createRegistrationResponse({
				serverSetup: this.#setup,
				userIdentifier: email,
				registrationRequest,
			}),
		).registrationResponse;
	}

	/** Without a record (an unknown address) the answer looks like any other. Throws `bad-request`. */
	startLogin(options: { email: string; record: string | undefined; startLoginRequest: string }) {
		return guarded('bad-request', () =>
			opaque.server.startLogin({
				serverSetup: this.#setup,
				userIdentifier: options.email,
				registrationRecord: options.record,
				startLoginRequest: options.startLoginRequest,
			}),
		);
	}

	/** Throws `login-failed` unless the client knew the password. */
	finishLogin(serverLoginState: string, finishLoginRequest: string): void {
		guarded('login-failed', () =>
			opaque.server.finishLogin({ serverLoginState, finishLoginRequest }),
		);
	}
}

/** The library throws texts; whatever it says, the answer is one code. */
function guarded<Result>(code: 'bad-request' | 'login-failed', call: () => Result): Result {
	try {
		return call();
	} catch (cause) {
		throw new ServerError(code, { cause });
	}
}
