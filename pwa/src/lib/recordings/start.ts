import { nameHere } from '#lib/net/home.ts';
import { type Announcement, RecorderClient } from '#lib/record/client.ts';

/**
 * Where the recorder's worker keeps sealed bytes that the server does not have yet. It is this server's own: another
 * one must not be given them, and what it does not know would be deleted here.
 */
export const folderHere = encodeURIComponent(nameHere('recordings'));

/** A recorder for this server, in a worker of its own. */
export async function startRecorder(
	announce: (message: Announcement) => void,
): Promise<RecorderClient> {
	const { default: RecorderWorker } = await import('#lib/record/worker/main.ts?worker&inline');
	return new RecorderClient(new RecorderWorker({ name: folderHere }), announce);
}
