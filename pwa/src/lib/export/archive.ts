import { Zip, ZipPassThrough } from 'fflate';
import { CopyError } from './errors.ts';

/** One file of an archive; its pieces are asked for when those before them were taken. */
export interface ArchiveFile {
	/** A plain name, without folders that lead out of the archive. */
	readonly name: string;
	readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Places in a zip have 32 bits (APPNOTE 4.4.24); a little is left for the names. */
export const archiveBytesMax = 2 ** 32 - 2 ** 20;

/**
 * A zip of files that are stored as they are, because media do not get smaller, piece by piece: never more than a
 * few pieces are in memory. `at` is the time of every file, milliseconds since 1970. Throws `copy-too-large` before
 * the piece that would not fit, and what the files throw.
 */
export async function* zipped(
	files: AsyncIterable<ArchiveFile>,
	options: { at: number },
): AsyncGenerator<Uint8Array> {
	const ready: Uint8Array[] = [];
	const zip = new Zip((error, piece) => {
		if (error) throw error;
		ready.push(piece);
	});
	let bytes = 0;
	for await (const { name, pieces } of files) {
		const entry = new ZipPassThrough(name);
		entry.mtime = options.at;
		zip.add(entry);
		for await (const piece of pieces) {
			bytes += piece.length;
			if (bytes > archiveBytesMax) throw new CopyError('copy-too-large');
			entry.push(piece);
			yield* ready.splice(0);
		}
		entry.push(new Uint8Array(), true);
		yield* ready.splice(0);
	}
	zip.end();
	yield* ready.splice(0);
}

/** The same pieces as a stream, one asked for at a time; whoever cancels it ends their making. */
export function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
	return new ReadableStream<Uint8Array>(
		{
			pull: async (controller) => {
				const { done, value } = await pieces.next();
				if (done) controller.close();
				else controller.enqueue(value);
			},
			cancel: async () => void (await pieces.return(undefined)),
		},
		{ highWaterMark: 0 },
	);
}
