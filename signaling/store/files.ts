import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The name says that a file was never finished; such files are removed at the next start. */
export const unfinished = '.tmp';

/** Makes a file's name as durable as its bytes. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
	if (process.platform === 'win32') return;
	const folder = await open(path, 'r');
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}

/**
 * Writes a file so that it is there whole or not at all, whatever happens, and for nobody but this
 * user. Throws what the file system says, and leaves nothing behind then.
 */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
	const temporary = `${path}.${process.pid}-${(count += 1)}${unfinished}`;
	try {
		const file = await open(temporary, 'wx', 0o600);
		try {
			await file.writeFile(bytes);
			await file.sync();
		} finally {
			await file.close();
		}
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	}
	await syncFolder(dirname(path));
}

let count = 0;
