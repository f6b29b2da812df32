import { nameHere } from '#lib/net/home.ts';

/** Folder of the origin private file system with a folder for each copy; one of its own for each server. */
export const copiesFolder = nameHere('copies').replaceAll(/[^\w.-]/g, '_');

/** Throws DOMException `NotFoundError` where there is none and `create` is false. */
async function folderOf(recording: string, create: boolean): Promise<FileSystemDirectoryHandle> {
	const root = await navigator.storage.getDirectory();
	const folder = await root.getDirectoryHandle(copiesFolder, { create });
	return folder.getDirectoryHandle(recording, { create });
}

/** Writes the sealed bytes of one object as they come; a file of an earlier try is replaced. */
export async function writeObject(
	object: { recording: string; track: string; part: number },
	pieces: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<void> {
	const folder = await folderOf(object.recording, true);
	const file = await folder.getFileHandle(`${object.track}.${object.part}`, { create: true });
	const writable = await file.createWritable();
	try {
		for await (const piece of pieces) await writable.write(piece);
	} catch (error) {
		await writable.abort();
		throw error;
	}
	await writable.close();
}

/** There is none, or, in a private window of some browsers, there cannot be any. */
const isMissing = (error: unknown): boolean =>
	error instanceof DOMException && ['NotFoundError', 'SecurityError'].includes(error.name);

/** Removes the bytes of a copy; nothing where there are none. */
export async function removeFolder(recording: string): Promise<void> {
	try {
		const root = await navigator.storage.getDirectory();
		const folder = await root.getDirectoryHandle(copiesFolder);
		await folder.removeEntry(recording, { recursive: true });
	} catch (error) {
		if (!isMissing(error)) throw error;
	}
}

/** The recordings of which there are bytes here, also of copies that were never finished. */
export async function listFolders(): Promise<string[]> {
	const names: string[] = [];
	try {
		const root = await navigator.storage.getDirectory();
		for await (const name of (await root.getDirectoryHandle(copiesFolder)).keys()) names.push(name);
	} catch (error) {
		if (!isMissing(error)) throw error;
	}
	return names;
}

/** Removes the bytes of all copies. */
export async function removeAllFolders(): Promise<void> {
	try {
		const root = await navigator.storage.getDirectory();
		await root.removeEntry(copiesFolder, { recursive: true });
	} catch (error) {
		if (!isMissing(error)) throw error;
	}
}
