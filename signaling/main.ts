import { ConfigError, readConfig } from './config.ts';
import { systemCode } from './errors.ts';
import { complain, say } from './log.ts';
import { createServer, type SottoServer } from './server.ts';

/** A server that is still not done by then is ended as it is; nothing acknowledged is lost by that. */
const shutdownMs = 10_000;

/** What an operator can do about an error at start; `undefined` when it is none of hers. */
function explain(error: unknown, port: number): string | undefined {
	if (error instanceof ConfigError) return error.message;
	switch (systemCode(error)) {
		case 'EADDRINUSE':
			return `Port ${port} is in use: stop what listens there, or set PORT.`;
		case 'EACCES':
		case 'EPERM':
		case 'EROFS':
			return 'The server may not use its port or its folder: look at PORT and DATA_DIR.';
		case 'SQLITE_BUSY':
			return 'Another server uses this DATA_DIR: stop it, or set DATA_DIR.';
		default:
			return undefined;
	}
}

function endOnSignal(server: SottoServer): void {
	let ending = false;
	const end = async () => {
		// Whoever asks twice means it.
		if (ending) process.exit(1);
		ending = true;
		setTimeout(() => process.exit(1), shutdownMs).unref();
		await server.close();
	};
	for (const signal of ['SIGINT', 'SIGTERM'] as const)
		process.on(signal, () => {
			end().catch((error: unknown) => {
				server.context.log.failure('shutdown', error);
				process.exitCode = 1;
			});
		});
}

async function main(): Promise<void> {
	let port = 0;
	try {
		const config = readConfig(process.env);
		({ port } = config);
		const server = await createServer({ config });
		endOnSignal(server);
		const { address, setupUrl } = await server.listen();
		say(`Sotto listens on ${address}`);
		if (setupUrl) say(`Set up your practice: ${setupUrl}`);
		say('Sotto is ready; Ctrl+C ends it');
	} catch (error) {
		const sentence = explain(error, port);
		if (sentence === undefined) throw error;
		complain(sentence);
		process.exit(1);
	}
}

await main();
