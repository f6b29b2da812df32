import { account } from '#lib/account/account.svelte.ts';
import { address } from '#lib/net/origin.ts';
import { RecorderError } from '#lib/record/client.ts';
import { holdsAny } from '#lib/record/folder.ts';
import { folderHere, startRecorder } from './start.ts';

let running = false;

/**
 * Brings what an earlier page of this browser could not upload any more to the server, and deletes here what was
 * finished or deleted elsewhere. No key is needed for it. Gives how many recordings were seen to.
 */
export async function resumeLeftovers(): Promise<number> {
	if (running || !(await holdsAny(folderHere))) return 0;
	running = true;
	const client = await startRecorder((message) => {
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
