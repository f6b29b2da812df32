import { appendFile, mkdir, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, Shelf } from '#lib/record/disk.ts';

/** A disk in a real folder. `bytesMax` is where it is full, as a browser says it. */
export class FolderDisk implements Disk {
	readonly #path: string;
	bytesMax = Infinity;

	constructor(path: string) {
		this.#path = path;
	}

	async append(name: string, bytes: Uint8Array): Promise<void> {
		const used = (await this.list()).reduce((sum, file) => sum + file.bytes, 0);
		if (used + bytes.length > this.bytesMax) throw new DOMException('full', 'QuotaExceededError');
		await appendFile(join(this.#path, name), bytes);
	}

	async read(name: string, from: number, to: number): Promise<Uint8Array> {
		await using file = await open(join(this.#path, name), 'r');
		const bytes = new Uint8Array(Math.max(0, to - from));
		const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
		return bytes.subarray(0, bytesRead);
	}

	async list(): Promise<{ name: string; bytes: number }[]> {
		const names = await readdir(this.#path);
		return Promise.all(
			names.map(async (name) => ({ name, bytes: (await stat(join(this.#path, name))).size })),
		);
	}

	async remove(name: string): Promise<void> {
		await rm(join(this.#path, name));
	}

	async close(): Promise<void> {}

	/** What a crash in the middle of a write leaves. */
	async tear(name: string, bytes: number): Promise<void> {
		const path = join(this.#path, name);
		await truncate(path, (await stat(path)).size - bytes);
	}
}

/** Folders of one device. */
export class FolderShelf implements Shelf {
	readonly #path: string;
	readonly disks = new Map<string, FolderDisk>();
	readonly #taken = new Set<string>();

	constructor(path: string) {
		this.#path = path;
	}

	async take(recording: string): Promise<FolderDisk | undefined> {
		if (this.#taken.has(recording)) return undefined;
		const path = join(this.#path, recording);
		await mkdir(path, { recursive: true });
		const disk = new FolderDisk(path);
		this.disks.set(recording, disk);
		this.#taken.add(recording);
		return disk;
	}

	async free(): Promise<string[]> {
		return (await readdir(this.#path)).filter((name) => !this.#taken.has(name));
	}

	async release(recording: string, options: { remove: boolean }): Promise<void> {
		if (options.remove) await rm(join(this.#path, recording), { recursive: true });
		this.#taken.delete(recording);
	}

	/** All names, as after the browser was killed: nobody holds anything. */
	crash(): FolderShelf {
		return new FolderShelf(this.#path);
	}
}
