import type { ByteRange } from '#crypto/track/fixed.ts';

/** Read from the disk at once. */
const pieceBytes = 256 * 1024;

async function* piecesOf(file: Blob): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < file.size; at += pieceBytes)
		yield new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer());
}

/** Sealed bytes of an object in a copy that this device keeps. Throws DOMException `NotFoundError` where there is none. */
export async function readKept(
	object: { folder: string; recording: string; track: string; part: number },
	{ from, to }: ByteRange,
): Promise<AsyncIterable<Uint8Array>> {
	const root = await navigator.storage.getDirectory();
	const folder = await root.getDirectoryHandle(object.folder);
	const copy = await folder.getDirectoryHandle(object.recording);
	const handle = await copy.getFileHandle(`${object.track}.${object.part}`);
	return piecesOf((await handle.getFile()).slice(from, to));
}
