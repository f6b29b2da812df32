import { account } from '#lib/account/account.svelte.ts';
import { address } from '#lib/net/origin.ts';
import { RecorderClient, RecorderError } from '#lib/record/client.ts';

/** Where the recorder's worker keeps sealed bytes that the server does not have yet. */
const folder = 'recordings';

let running = false;

/** Whether this browser holds sealed bytes of any recording; costs nothing when it never recorded. */
async function holdsAny(): Promise<boolean> {
	const root = await navigator.storage.getDirectory();
	for await (const [name, handle] of root.entries())
		if (name === folder && handle instanceof FileSystemDirectoryHandle)
			for await (const _ of handle.keys()) return true;
	return false;
}

/**
 * Brings what an earlier page of this browser could not upload any more to the server, and deletes here what was
 * finished or deleted elsewhere. No key is needed for it. Gives how many recordings were seen to.
 */
export async function resumeLeftovers(): Promise<number> {
	if (running || !(await holdsAny())) return 0;
	running = true;
	const { default: RecorderWorker } = await import('#lib/record/worker/main.ts?worker&inline');
	const client = new RecorderClient(new RecorderWorker(), (message) => {
		if (message.type !== 'token-needed') return;
		account.token(true).then(
			(token) => client.token(token),
			// Locked or offline: the next page tries again.
			() => client.terminate(),
		);
	});
	let seen = 0;
	try {
		const { recordings } = await client.request({ type: 'leftovers' });
		for (const { recording } of recordings) {
			const server = { origin: new URL(address('/')).origin, token: await account.token() };
			await client.request({ type: 'resume', recording, server }).catch(ignoreRefusal);
			seen++;
		}
	} finally {
		client.terminate();
		running = false;
	}
	return seen;
}

/** Deleted or finished elsewhere: the worker has forgotten it already. Anything else is tried again with the next page. */
function ignoreRefusal(error: unknown): void {
	if (!(error instanceof RecorderError)) throw error;
}
