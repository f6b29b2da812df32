import type { Problem } from './messages.ts';

const offlineMs = 10_000;
const ofUploads = ['offline', 'storage-full', 'upload-refused'] as const;

/** Which problems there are now; each change is told once. */
export class Troubles {
	readonly #tell: (problem: Problem, on: boolean) => void;
	readonly #on = new Set<Problem>();
	#upload: { kind: Problem; sinceMs: number } | undefined;

	constructor(tell: (problem: Problem, on: boolean) => void) {
		this.#tell = tell;
	}

	set(problem: Problem, on: boolean): void {
		if (this.#on.has(problem) === on) return;
		if (on) this.#on.add(problem);
		else this.#on.delete(problem);
		this.#tell(problem, on);
	}

	/** What keeps the uploads from going on at `nowMs`, or null. */
	uploading(kind: Problem | null, nowMs: number): void {
		const sinceMs = this.#upload?.kind === kind ? this.#upload.sinceMs : nowMs;
		this.#upload = kind === null ? undefined : { kind, sinceMs };
		this.tick(nowMs);
	}

	/** A short failure is nobody's concern: offline is said after 10 s. */
	tick(nowMs: number): void {
		for (const one of ofUploads) {
			const long = one !== 'offline' || nowMs - (this.#upload?.sinceMs ?? nowMs) >= offlineMs;
			this.set(one, one === this.#upload?.kind && long);
		}
	}
}
