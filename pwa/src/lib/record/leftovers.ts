import { ApiError, type RecordingsApi } from './api.ts';
import type { Progress } from './messages.ts';
import { Journal } from './journal.ts';
import { type Pauses, persist } from './retry.ts';
import { Spool } from './spool.ts';
import { Uploader } from './uploader.ts';
import type { Disk, Shelf } from './disk.ts';

interface Resume {
	recording: string;
	api: RecordingsApi;
	pauses: Pauses;
	signal: AbortSignal;
	progress: (progress: Pick<Progress, 'phase' | 'done' | 'total'>) => void;
}

/** What earlier runs left on this device. It is all sealed: to bring it to the server takes no key. */
export class Leftovers {
	readonly #shelf: Shelf;

	constructor(shelf: Shelf) {
		this.#shelf = shelf;
	}

	/** Recordings that nobody has taken, and their sealed bytes here. */
	async list(): Promise<{ recording: string; bytes: number }[]> {
		const found: { recording: string; bytes: number }[] = [];
		for (const recording of await this.#shelf.free()) {
			const disk = await this.#shelf.take(recording);
			if (!disk) continue;
			const spool = await Spool.open(disk);
			found.push({ recording, bytes: spool.bytes.stored });
			await this.#shelf.release(recording, { remove: false });
		}
		return found;
	}

	/** Uploads what the server does not have, then removes it here. Nothing to do when this device has nothing. */
	async resume(options: Resume): Promise<void> {
		const { recording } = options;
		if (!(await this.#shelf.free()).includes(recording)) return;
		const disk = await this.#shelf.take(recording);
		if (!disk) throw new ApiError('conflict');
		let remove = false;
		try {
			await upload(disk, options);
			remove = true;
		} catch (error) {
			// Deleted or finished elsewhere: this device obeys.
			remove = error instanceof ApiError && error.code === 'gone';
			if (!remove) throw error;
		} finally {
			await this.#shelf.release(recording, { remove });
		}
	}

	async forget(recording: string): Promise<void> {
		const disk = await this.#shelf.take(recording);
		if (disk) await this.#shelf.release(recording, { remove: true });
	}
}

async function upload(disk: Disk, options: Resume): Promise<void> {
	const { recording, api, pauses, signal, progress } = options;
	const again = { pauses, signal };
	const spool = await Spool.open(disk);
	for (const { body } of await Journal.unsent(disk))
		await persist(() => api.addTracks(recording, body, signal), again);
	const stored = await persist(() => api.recording(recording, signal), again);
	if (stored.state !== 'live') return;
	for (const { track, part, ends } of spool.parts) {
		const there = stored.objects.find((one) => one.track === track && one.part === part);
		spool.ack({ track, part }, Math.min(there?.chunks ?? 0, ends.length));
	}
	const tell = (): void => {
		const { stored: total, acked: done } = spool.bytes;
		progress({ phase: 'upload', done, total });
	};
	const uploader = new Uploader({ api, spool, recording, pauses, tell: () => undefined });
	const timer = setInterval(tell, 1000);
	try {
		await uploader.idle(signal);
		tell();
	} finally {
		clearInterval(timer);
		uploader.stop();
	}
}
