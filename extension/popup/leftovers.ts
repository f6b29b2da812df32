import { folder } from '../capture/made.ts';
import { readRunning } from '../capture/state.ts';

/** Recordings of tabs, but for the one that runs, of which this device has sealed bytes that the server does not have. */
export async function countLeftovers(): Promise<number> {
	const root = await navigator.storage.getDirectory();
	for await (const [name, handle] of root.entries()) {
		if (name !== folder || !(handle instanceof FileSystemDirectoryHandle)) continue;
		const running = await readRunning();
		let count = 0;
		for await (const recording of handle.keys()) if (recording !== running?.recording) count++;
		return count;
	}
	return 0;
}
