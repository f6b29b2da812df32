import type { SigningKey } from '#crypto/identity/signing.ts';
import { ApiError, type RecordingsApi } from './api.ts';
import { signCheckpoint } from './checkpoint.ts';
import type { Disk } from './disk.ts';
import type { Lane } from './lane.ts';
import { type Manifest, sealManifest } from './manifest.ts';
import type { Problem, Status } from './messages.ts';
import type { Parts } from './parts.ts';
import type { Pauses } from './retry.ts';
import { Spool, SpoolFull } from './spool.ts';
import { Troubles } from './troubles.ts';
import { Uploader } from './uploader.ts';

const checkpointMs = 10_000;
const estimateMs = 10_000;
/** While the disk is nearly full, parts are closed so often; a track may have 1024 of them. */
const rollMs = 60_000;
const freeBytesMin = 200 * 1024 * 1024;

/** What a recording needs from the worker around it. */
export interface Around {
	/** Milliseconds since 1970 on the clock that `ref` of the frames is on. */
	now(): number;
	/** Free bytes of the disk as the browser estimates, or null. */
	freeBytes(): Promise<number | null>;
	problem(problem: Problem, on: boolean): void;
}

/** One lane and what seals it. */
export interface Written {
	readonly lane: Lane;
	readonly parts: Parts;
}

interface Options {
	recording: string;
	/** The recorder's. */
	signing: SigningKey;
	manifestKey: CryptoKey;
	api: RecordingsApi;
	pauses: Pauses;
	disk: Disk;
	around: Around;
}

/** What is kept of a recording while it is being made, whatever is recorded: on the disk and at the server. */
export class Keeper {
	readonly spool: Spool;
	readonly uploader: Uploader;
	readonly troubles: Troubles;
	readonly #options: Options;
	#manifests = 0;
	#checkpoints = 0;
	#checkpointMs = 0;
	#estimateMs = 0;
	#freeBytes: number | null = null;
	#rollMs = 0;
	#telling = false;
	#overflowing = false;

	constructor(options: Options) {
		const { recording, api, pauses, disk, around } = options;
		this.#options = options;
		this.spool = new Spool(disk);
		this.troubles = new Troubles((problem, on) => around.problem(problem, on));
		const tell = (trouble: Problem | null): void => this.troubles.uploading(trouble, around.now());
		this.uploader = new Uploader({ api, spool: this.spool, recording, pauses, tell });
	}

	/** Seals what the lanes have at `nowMs`. */
	async write(lanes: readonly Written[], nowMs: number): Promise<void> {
		let [written, lost] = [false, false];
		const writing = lanes.map(async ({ lane, parts }) => {
			const outputs = lane.take(nowMs);
			if (outputs.length === 0) return;
			try {
				await parts.write(outputs);
				written = true;
			} catch (error) {
				if (!(error instanceof SpoolFull)) throw error;
				lost = true;
				lane.interrupt('overflow');
				lane.close(nowMs);
			}
		});
		await Promise.all(writing);
		if (written || lost) this.#overflowing = lost;
		this.troubles.set('quota-full', this.spool.diskFull);
	}

	/** Whether disk and memory are full: what comes is lost. */
	get overflowing(): boolean {
		return this.#overflowing;
	}

	/** Seals the manifest as it stands into a part of its own. */
	async writeManifest(manifest: Manifest): Promise<void> {
		const part = this.#manifests++;
		const { recording, signing, manifestKey: key } = this.#options;
		const chunks = await sealManifest({ manifest, key, signing, part });
		const name = { track: recording, part };
		for (const chunk of chunks) await this.spool.add(name, chunk);
		this.spool.close(name);
	}

	/** Once a second, after what came in was written: sends it on its way, and says that the recorder is there. */
	async tick(lanes: readonly Written[], nowMs: number): Promise<void> {
		this.uploader.wake();
		if (nowMs - this.#checkpointMs >= checkpointMs) {
			this.#checkpointMs = nowMs;
			void this.checkpoint(lanes, nowMs);
		}
		if (nowMs - this.#estimateMs >= estimateMs) {
			this.#estimateMs = nowMs;
			await this.#watchDisk(lanes);
		}
		this.#alive();
		this.troubles.tick(nowMs);
	}

	/** States what the server has, so that it can be held to it: not what is still only here. */
	async checkpoint(lanes: readonly Written[], nowMs: number): Promise<void> {
		const steps = lanes.flatMap(({ parts }) => {
			const tracks = new Map(parts.states.map(({ track, part }) => [part, track]));
			return this.spool.parts.flatMap(({ track, part, acked }) =>
				tracks.get(part) === track && acked > 0 ? (parts.stepAt(part, acked) ?? []) : [],
			);
		});
		const { recording, signing } = this.#options;
		const [n, at] = [this.#checkpoints++, Math.round(nowMs)];
		const signed = await signCheckpoint({ recording, signing, n, at, steps });
		// Ten seconds later there is a newer one.
		await this.uploader.checkpoint(signed).catch(ignoreApi);
	}

	/** Bytes here, at the server, and free. */
	get stored(): Pick<Status, 'bytesStored' | 'bytesAcked' | 'freeBytes'> {
		const { stored: bytesStored, acked: bytesAcked } = this.spool.bytes;
		return { bytesStored, bytesAcked, freeBytes: this.#freeBytes };
	}

	/** Every second the server hears that the recorder is there; it calls a silent one lost. */
	#alive(): void {
		if (this.#telling) return;
		this.#telling = true;
		const { api, recording } = this.#options;
		void api
			.alive(recording)
			.catch(ignoreApi)
			.finally(() => (this.#telling = false));
	}

	async #watchDisk(lanes: readonly Written[]): Promise<void> {
		const { around } = this.#options;
		this.#freeBytes = await around.freeBytes();
		const low = this.#freeBytes !== null && this.#freeBytes < freeBytesMin;
		this.troubles.set('quota-low', low);
		if (!low) return;
		// Only whole files can be given back: parts are closed, and go once the server has them.
		const nowMs = around.now();
		if (nowMs - this.#rollMs >= rollMs) {
			this.#rollMs = nowMs;
			for (const { lane } of lanes) lane.roll();
		}
		await this.spool.dropAcked();
	}
}

function ignoreApi(error: unknown): void {
	if (!(error instanceof ApiError) && !(error instanceof DOMException)) throw error;
}
