import type { Epoch } from '#crypto/group/group.ts';
import type { Keys } from './keys.ts';
import type { Pace } from './pace.ts';

/** Old keys open what was on its way, milliseconds. */
const oldKeysMs = 5000;
/** Old epochs open late messages, milliseconds. */
const oldEpochsMs = 10_000;
const epochsMax = 2;

/** The last epochs before the one in force, for what was sealed in them and comes late. */
export class Recent {
	readonly #keys: Keys;
	readonly #pace: Pace;
	#epochs: readonly Epoch[] = [];

	constructor(keys: Keys, pace: Pace) {
		this.#keys = keys;
		this.#pace = pace;
	}

	find(generation: number): Epoch | undefined {
		return this.#epochs.find((epoch) => epoch.generation === generation);
	}

	/** An epoch that another one replaced. */
	retire(epoch: Epoch): void {
		this.#epochs = [epoch, ...this.#epochs].slice(0, epochsMax);
		this.#pace.after(oldKeysMs, () => this.#keys.forget(epoch.generation));
		this.#pace.after(oldEpochsMs, () => {
			this.#epochs = this.#epochs.filter((one) => one !== epoch);
		});
	}
}
