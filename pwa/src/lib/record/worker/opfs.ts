import type { Disk, Shelf } from '../disk.ts';

/** A folder of the origin private file system. Every file is held open by this worker alone; each write is flushed. */
class OpfsDisk implements Disk {
	readonly #folder: FileSystemDirectoryHandle;
	readonly #files = new Map<string, Promise<FileSystemSyncAccessHandle>>();

	constructor(directory: FileSystemDirectoryHandle) {
		this.#folder = directory;
	}

	async append(name: string, bytes: Uint8Array): Promise<void> {
		const file = await this.#file(name);
		const at = file.getSize();
		try {
			const written = file.write(new Uint8Array(bytes), { at });
			if (written < bytes.length) throw new DOMException('disk full', 'QuotaExceededError');
			file.flush();
		} catch (error) {
			// Half a chunk must not stand before the next one.
			file.truncate(at);
			throw error;
		}
	}

	async read(name: string, from: number, to: number): Promise<Uint8Array> {
		const file = await this.#file(name);
		const bytes = new Uint8Array(Math.max(0, Math.min(to, file.getSize()) - from));
		const read = file.read(bytes, { at: from });
		return bytes.subarray(0, read);
	}

	async list(): Promise<{ name: string; bytes: number }[]> {
		const found: { name: string; bytes: number }[] = [];
		for await (const name of this.#folder.keys())
			found.push({ name, bytes: (await this.#file(name)).getSize() });
		return found;
	}

	async remove(name: string): Promise<void> {
		(await this.#files.get(name))?.close();
		this.#files.delete(name);
		await this.#folder.removeEntry(name);
	}

	async close(): Promise<void> {
		for (const file of this.#files.values()) (await file).close();
		this.#files.clear();
	}

	#file(name: string): Promise<FileSystemSyncAccessHandle> {
		const known = this.#files.get(name);
		if (known) return known;
		const opened = this.#folder
			.getFileHandle(name, { create: true })
			.then((handle) => handle.createSyncAccessHandle());
		this.#files.set(name, opened);
		return opened;
	}
}

interface Taken {
	readonly disk: Disk;
	readonly unlock: () => void;
}

/** A folder of this origin with recordings. A Web Lock per recording keeps two tabs from writing one. */
export class OpfsShelf implements Shelf {
	readonly #folder: string;
	readonly #taken = new Map<string, Taken>();

	constructor(folder: string) {
		this.#folder = folder;
	}

	async take(recording: string): Promise<Disk | undefined> {
		const unlock = await lock(recording);
		if (!unlock) return undefined;
		const root = await this.#root();
		const disk = new OpfsDisk(await root.getDirectoryHandle(recording, { create: true }));
		this.#taken.set(recording, { disk, unlock });
		return disk;
	}

	async free(): Promise<string[]> {
		const { held = [] } = await navigator.locks.query();
		const locked = new Set(held.map(({ name }) => name));
		const names: string[] = [];
		for await (const name of (await this.#root()).keys())
			if (!locked.has(lockName(name))) names.push(name);
		return names;
	}

	async release(recording: string, options: { remove: boolean }): Promise<void> {
		const taken = this.#taken.get(recording);
		await taken?.disk.close();
		if (options.remove) await (await this.#root()).removeEntry(recording, { recursive: true });
		this.#taken.delete(recording);
		taken?.unlock();
	}

	async #root(): Promise<FileSystemDirectoryHandle> {
		const origin = await navigator.storage.getDirectory();
		return origin.getDirectoryHandle(this.#folder, { create: true });
	}
}

function lockName(recording: string): string {
	return `sotto recording ${recording}`;
}

/** Takes the lock if nobody has it; gives what lets go of it. */
function lock(recording: string): Promise<(() => void) | undefined> {
	const { promise, resolve } = Promise.withResolvers<(() => void) | undefined>();
	void navigator.locks.request(lockName(recording), { ifAvailable: true }, (held) => {
		if (!held) {
			resolve(undefined);
			return undefined;
		}
		const until = Promise.withResolvers<void>();
		resolve(() => until.resolve());
		return until.promise;
	});
	return promise;
}
