import type { Bytes } from '#crypto/bytes.ts';
import type { Counts, FromMedia, ToMedia } from './worker/messages.ts';
import MediaWorker from './worker/media.ts?worker&inline';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
type Done = Extract<FromMedia, { type: 'done' }>;

/** The page's end of the media worker, which holds the SFrame keys. The page itself never sees a frame. */
export class Media {
	readonly worker: Worker;
	readonly #waiting = new Map<number, (done: Done) => void>();
	#next = 1;
	#closed = false;
	/** The first frame of this seat and kind was opened. */
	onfirst: (seat: string, kind: 'audio' | 'video') => void = () => {};
	/** The recorder needs a key frame of what is sent over this connection. */
	onownkeyframe: (link: string) => void = () => {};

	constructor() {
		this.worker = new MediaWorker();
		this.worker.addEventListener('message', (event: MessageEvent<FromMedia>) => {
			const message = event.data;
			if (message.type === 'first-frame') this.onfirst(message.seat, message.kind);
			else if (message.type === 'own-key-frame') this.onownkeyframe(message.link);
			else {
				this.#waiting.get(message.id)?.(message);
				this.#waiting.delete(message.id);
			}
		});
	}

	#ask(message: WithoutId<ToMedia>, transfer: Transferable[] = []): Promise<Done> {
		const id = this.#next++;
		// A worker that was ended holds no key and forks nothing: everything that is asked of it is so already.
		const gone: Done = { type: 'done', id, at: performance.timeOrigin + performance.now() };
		if (this.#closed) return Promise.resolve(gone);
		return new Promise((resolve) => {
			this.#waiting.set(id, resolve);
			this.worker.postMessage({ ...message, id }, transfer);
		});
	}

	/** Opens with these keys from now on. */
	async epoch(keys: {
		generation: number;
		baseKey: Bytes;
		leaf: number;
		seats: readonly string[];
	}): Promise<void> {
		await this.#ask({ type: 'epoch', ...keys });
	}

	/** Seals with this generation from now on. */
	async use(generation: number): Promise<void> {
		await this.#ask({ type: 'use', generation });
	}

	/** Seals nothing; resolves to the moment when it began, milliseconds since 1970. */
	async hold(): Promise<number> {
		return (await this.#ask({ type: 'hold' })).at;
	}

	forget(generation: number): void {
		void this.#ask({ type: 'forget', generation });
	}

	/** Where the recorder listens; null closes it. */
	async recorder(port: MessagePort | null): Promise<void> {
		await this.#ask({ type: 'recorder', port }, port ? [port] : []);
	}

	async fork(fork: {
		on: boolean;
		own: string | null;
		mark: 'pause' | 'resume' | 'switch' | 'end' | null;
	}): Promise<void> {
		await this.#ask({ type: 'fork', ...fork });
	}

	/** Over these connections no picture leaves this page, also one that is made for the recorder. */
	async withoutPictures(links: readonly string[]): Promise<void> {
		await this.#ask({ type: 'without-pictures', links });
	}

	async keyFrame(link: string | null = null): Promise<void> {
		await this.#ask({ type: 'key-frame', link });
	}

	async counts(): Promise<Counts> {
		const { counts } = await this.#ask({ type: 'counts' });
		if (!counts) throw new TypeError('the media worker counts');
		return counts;
	}

	close(): void {
		this.#closed = true;
		this.worker.terminate();
		const at = performance.timeOrigin + performance.now();
		for (const [id, resolve] of this.#waiting) resolve({ type: 'done', id, at });
		this.#waiting.clear();
	}
}
