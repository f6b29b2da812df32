import { isApiError } from '#lib/net/errors.ts';
import { publishNames } from './publish.ts';

/** Changes that come close together are published once. */
const gatherMs = 1_000;

let timer: number | undefined;
let running: Promise<void> = Promise.resolve();

async function publish(): Promise<void> {
	try {
		await publishNames();
	} catch (error) {
		// The extension then says that somebody waits without a name; the next change tries again.
		if (!isApiError(error)) throw error;
	}
}

/** Publishes soon, one after another. */
export function publishSoon(): void {
	timer ??= window.setTimeout(() => {
		timer = undefined;
		running = running.then(publish, publish);
	}, gatherMs);
}
