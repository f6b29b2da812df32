import { concat } from '#crypto/bytes.ts';
import { headerBytes, segmentHeadBytes } from '#crypto/track/layout.ts';
import type { ObjectName } from './api.ts';
import type { Disk } from './disk.ts';

const suffix = '.strk';

/** Sealed chunks that the disk refused and the server does not have yet may lie in memory up to here. */
const memoryBytesMax = 32 * 1024 * 1024;

interface Part extends ObjectName {
	/** Where each chunk ends in the part. Chunk 0 is the header, each other one segment. */
	ends: number[];
	/** Chunks that are in the file, from the first on; later ones are in `memory`. */
	onDisk: number;
	readonly memory: Map<number, Uint8Array>;
	acked: number;
	closed: boolean;
	removed: boolean;
}

/** The disk and the memory for what it refused are both full: this chunk is lost. */
export class SpoolFull extends Error {
	override readonly name = 'SpoolFull';
}

function fileName({ track, part }: ObjectName): string {
	return `${track}.${part}${suffix}`;
}

/** The sealed chunks of one recording on this device, and how many of them the server has. */
export class Spool {
	readonly #disk: Disk;
	readonly #parts = new Map<string, Part>();
	#memoryBytes = 0;
	/** Whether the disk refused a write. */
	diskFull = false;

	constructor(disk: Disk) {
		this.#disk = disk;
	}

	/** What an earlier run left on the disk: whole chunks only, a torn last one does not count. */
	static async open(disk: Disk): Promise<Spool> {
		const spool = new Spool(disk);
		for (const { name, bytes } of await disk.list()) {
			const match = /^([A-Za-z0-9_-]{22})\.(\d+)\.strk$/.exec(name);
			if (!match?.[1] || !match[2]) continue;
			const part = spool.#part({ track: match[1], part: Number(match[2]) });
			part.closed = true;
			part.ends = await chunkEnds(disk, name, bytes);
			part.onDisk = part.ends.length;
		}
		return spool;
	}

	/** All parts, in the order they were begun. */
	get parts(): readonly Readonly<Part>[] {
		return Array.from(this.#parts.values());
	}

	/** Bytes stored and bytes that the server has of them. */
	get bytes(): { stored: number; acked: number } {
		let [stored, acked] = [0, 0];
		for (const { ends, acked: chunks } of this.#parts.values()) {
			stored += ends.at(-1) ?? 0;
			acked += ends[chunks - 1] ?? 0;
		}
		return { stored, acked };
	}

	/** Keeps the next chunk of a part; it survives a crash unless the disk is full. Throws SpoolFull. */
	async add(name: ObjectName, bytes: Uint8Array): Promise<void> {
		const part = this.#part(name);
		const chunk = part.ends.length;
		if (part.onDisk === chunk) {
			try {
				await this.#disk.append(fileName(name), bytes);
				part.onDisk++;
			} catch (error) {
				if (!(error instanceof Error) || error.name !== 'QuotaExceededError') throw error;
				this.diskFull = true;
			}
		}
		if (part.onDisk <= chunk) {
			if (this.#memoryBytes + bytes.length > memoryBytesMax) throw new SpoolFull();
			part.memory.set(chunk, bytes);
			this.#memoryBytes += bytes.length;
		}
		part.ends.push((part.ends.at(-1) ?? 0) + bytes.length);
	}

	/** No chunk follows. */
	close(name: ObjectName): void {
		this.#part(name).closed = true;
	}

	/** The bytes of a chunk that the server does not have yet. */
	async chunk(name: ObjectName, chunk: number): Promise<Uint8Array> {
		const part = this.#part(name);
		const held = part.memory.get(chunk);
		if (held) return held;
		const to = part.ends[chunk];
		if (to === undefined || part.removed) throw new RangeError('no such chunk');
		return this.#disk.read(fileName(name), part.ends[chunk - 1] ?? 0, to);
	}

	/** The server has the first `chunks` chunks. */
	ack(name: ObjectName, chunks: number): void {
		const part = this.#part(name);
		for (let chunk = part.acked; chunk < chunks; chunk++) {
			this.#memoryBytes -= part.memory.get(chunk)?.length ?? 0;
			part.memory.delete(chunk);
		}
		part.acked = Math.max(part.acked, chunks);
	}

	/** Whether all of a part is in its file here, so that it need not be fetched. */
	isWhole(name: ObjectName): boolean {
		const part = this.#parts.get(fileName(name));
		return part !== undefined && !part.removed && part.onDisk === part.ends.length;
	}

	/** All of a part, in pieces. */
	async *read(name: ObjectName): AsyncGenerator<Uint8Array> {
		const bytes = this.#part(name).ends.at(-1) ?? 0;
		const step = 1024 * 1024;
		for (let at = 0; at < bytes; at += step)
			yield await this.#disk.read(fileName(name), at, Math.min(at + step, bytes));
	}

	/** Removes the files of ended parts that the server has whole. */
	async dropAcked(): Promise<void> {
		for (const part of this.#parts.values()) {
			const done = part.closed && part.acked === part.ends.length && part.onDisk > 0;
			if (!done || part.removed) continue;
			part.removed = true;
			await this.#disk.remove(fileName(part));
		}
	}

	#part({ track, part }: ObjectName): Part {
		const key = fileName({ track, part });
		const known = this.#parts.get(key);
		if (known) return known;
		const state = { ends: [], onDisk: 0, memory: new Map(), acked: 0, closed: false };
		const fresh: Part = { track, part, removed: false, ...state };
		this.#parts.set(key, fresh);
		return fresh;
	}
}

/** The ends of the whole chunks in a file. The bytes are not opened, only measured. */
async function chunkEnds(disk: Disk, name: string, bytes: number): Promise<number[]> {
	if (bytes < headerBytes) return [];
	const ends = [headerBytes];
	for (let at = headerBytes; at + segmentHeadBytes <= bytes;) {
		const head = concat(await disk.read(name, at, at + segmentHeadBytes));
		at += segmentHeadBytes + new DataView(head.buffer).getUint32(0);
		if (at > bytes) break;
		ends.push(at);
	}
	return ends;
}
