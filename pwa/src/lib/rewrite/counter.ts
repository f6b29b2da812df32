import type { RewriteProgress } from './source.ts';

/** So many bytes between two announcements. */
const stepBytes = 1_000_000;

/** Counts bytes of one phase and tells about every megabyte. */
export class Counter {
	readonly #tell: (progress: RewriteProgress) => void;
	#phase: RewriteProgress['phase'] = 'seal';
	#done = 0;
	#told = 0;
	#total = 0;

	constructor(tell: (progress: RewriteProgress) => void) {
		this.#tell = tell;
	}

	begin(phase: RewriteProgress['phase'], total: number): void {
		[this.#phase, this.#total, this.#done, this.#told] = [phase, total, 0, 0];
		this.#tell({ phase, done: 0, total });
	}

	readonly add = (bytes: number): void => {
		this.#done = Math.min(this.#done + bytes, this.#total);
		if (this.#done - this.#told < stepBytes && this.#done < this.#total) return;
		this.#told = this.#done;
		this.#tell({ phase: this.#phase, done: this.#done, total: this.#total });
	};
}
