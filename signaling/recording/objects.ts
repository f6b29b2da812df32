import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServerError, systemCode } from '../errors.ts';
import { syncFolder, unfinished, writeDurably } from '../store/files.ts';

/** One append-only byte string: a part of a track of a recording. */
export interface ObjectName {
	recording: string;
	track: string;
	part: number;
}

export interface Piece {
	chunk: number;
	/** First byte within the chunk, and the one after the last. */
	from: number;
	to: number;
}

/** The names in a folder; `undefined` when there is none. */
async function list(folder: string): Promise<string[] | undefined> {
	try {
		return await readdir(folder);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}

/** Chunks as files: DATA_DIR/objects/RECORDING/TRACK/PART/CHUNK. A file that has a row is never written again. */
export class Objects {
	readonly #folder: string;
	readonly #reserveBytes: number;
	/** Folders that are known to be there. */
	readonly #made = new Set<string>();

	constructor(options: { dataDir: string; reserveBytes: number }) {
		this.#folder = join(options.dataDir, 'objects');
		this.#reserveBytes = options.reserveBytes;
	}

	#path({ recording, track, part }: ObjectName, ...rest: string[]): string {
		return join(this.#folder, recording, track, `${part}`, ...rest);
	}

	/** Writes a chunk; it is on disk when this resolves. Throws `storage-full`, and leaves nothing behind. */
	async write(name: ObjectName, chunk: number, bytes: Uint8Array): Promise<void> {
		await this.#room(bytes.length);
		await this.#makeFolder(this.#path(name));
		await writeDurably(this.#path(name, `${chunk}`), bytes);
	}

	/** Recordings leave the database the space to say that the disk is full, and to delete. */
	async #room(bytes: number): Promise<void> {
		if (this.#reserveBytes === 0) return;
		await mkdir(this.#folder, { recursive: true });
		const { bavail, bsize } = await statfs(this.#folder);
		if (bavail * bsize - bytes < this.#reserveBytes) throw new ServerError('storage-full');
	}

	/** A folder's own name must be on disk too, up to the first one that was there before. */
	async #makeFolder(folder: string): Promise<void> {
		if (this.#made.has(folder)) return;
		const first = await mkdir(folder, { recursive: true, mode: 0o700 });
		if (first !== undefined)
			for (let made = folder; made.length >= first.length; made = dirname(made))
				await syncFolder(dirname(made));
		this.#made.add(folder);
	}

	/** The bytes of these pieces one after another, a small buffer at a time. */
	async *read(name: ObjectName, pieces: Iterable<Piece> | AsyncIterable<Piece>) {
		for await (const { chunk, from, to } of pieces) {
			if (to === from) continue;
			const path = this.#path(name, `${chunk}`);
			const stream: AsyncIterable<Buffer> = createReadStream(path, { start: from, end: to - 1 });
			yield* stream;
		}
	}

	async removeTrack(recording: string, track: string): Promise<void> {
		await this.#remove(join(this.#folder, recording, track));
	}

	async removePart(name: ObjectName): Promise<void> {
		await this.#remove(this.#path(name));
	}

	async removeRecording(recording: string): Promise<void> {
		await this.#remove(join(this.#folder, recording));
	}

	async #remove(folder: string): Promise<void> {
		for (const made of this.#made)
			if (made === folder || made.startsWith(`${folder}/`)) this.#made.delete(made);
		await rm(folder, { recursive: true, force: true });
		// What is deleted must not come back after a power cut.
		const parent = dirname(folder);
		if (await list(parent)) await syncFolder(parent);
	}

	/**
	 * At start: removes files that were never finished, and recordings and tracks that no row knows. Says
	 * how many went.
	 */
	async clean(known: ReadonlyMap<string, ReadonlySet<string>>): Promise<number> {
		let removed = 0;
		for (const recording of (await list(this.#folder)) ?? []) {
			const tracks = known.get(recording);
			for (const track of (await list(join(this.#folder, recording))) ?? []) {
				if (tracks?.has(track)) continue;
				await this.removeTrack(recording, track);
				removed += 1;
			}
			if (tracks) removed += await this.#cleanUnfinished(recording);
			else await this.removeRecording(recording);
		}
		return removed;
	}

	async #cleanUnfinished(recording: string): Promise<number> {
		const folder = join(this.#folder, recording);
		const files = (await readdir(folder, { recursive: true })).filter((file) =>
			file.endsWith(unfinished),
		);
		for (const file of files) await rm(join(folder, file), { force: true });
		return files.length;
	}
}
