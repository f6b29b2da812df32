import { planningZone } from '#lib/schedule/form.ts';
import type { RetentionRules } from '#protocol/retention.ts';
import {
	type Rules,
	checkKept,
	fetchRetentions,
	fetchRules,
	isConflict,
	saveKept,
	saveRules,
} from './store.ts';
import { type Touched, touchedBy } from './touched.ts';

/** How long the practice keeps recordings, as an admin reads and changes it. */
export class RulesPage {
	known = $state.raw<Rules>();
	failure = $state.raw<unknown>();
	busy = $state(false);
	saved = $state(false);
	/** Recordings that the rules just saved would keep longer or shorter. */
	touched = $state.raw<readonly Touched[]>([]);
	/** So many of `all` were changed. */
	progress = $state.raw<{ done: number; all: number }>();
	#stop = false;

	/** Never throws: see `failure`. */
	async load(): Promise<void> {
		this.failure = undefined;
		try {
			this.known = await fetchRules();
		} catch (error) {
			this.failure = error;
		}
	}

	/** Signs the rules, and looks which recordings they would keep longer or shorter: none is touched by it. */
	async save(rules: RetentionRules): Promise<void> {
		[this.busy, this.saved, this.failure] = [true, false, undefined];
		try {
			await saveRules({ rules, version: this.known?.next ?? 1 });
			await this.load();
			this.saved = true;
			const { recordings } = await fetchRetentions();
			this.touched = touchedBy(rules, { list: recordings, zone: planningZone() });
		} catch (error) {
			if (isConflict(error)) await this.load();
			this.failure = error;
		}
		this.busy = false;
	}

	/** Gives the recordings their new day, the shorter ones only when that was asked for. */
	async apply(options: { shorten: boolean }): Promise<void> {
		const chosen = this.touched.filter(({ shorter }) => options.shorten || !shorter);
		[this.busy, this.failure, this.#stop] = [true, undefined, false];
		let done = 0;
		try {
			for (const { row, to, shorter } of chosen) {
				this.progress = { done, all: chosen.length };
				if (this.#stop) break;
				const { startedAt: _, host: __, ...shown } = row;
				const kept = await checkKept(shown);
				const { purpose, hold } = shown;
				if (purpose !== null)
					await saveKept(kept, { purpose, keptUntil: to, hold, shortens: shorter });
				done += 1;
			}
			this.touched = [];
		} catch (error) {
			this.failure = error;
			// What is done is done: the rest can be asked for again.
			this.touched = this.touched.filter(
				({ row }) => !chosen.slice(0, done).some((it) => it.row === row),
			);
		}
		this.progress = undefined;
		this.busy = false;
	}

	/** Every recording keeps its day. */
	leave(): void {
		this.#stop = true;
		if (!this.busy) this.touched = [];
	}
}
