import { readSince, writeSince } from './memory.ts';
import { turns } from '../turns.ts';

/** More than ever wait at once. */
const sightsMax = 512;

/**
 * Since when each of those who wait at a practice has been here, by this machine's clock. The first sight of
 * somebody says it, also for a worker that is started later: a clock that is set meanwhile changes nothing.
 */
export class Sights {
	readonly #practice: string;
	readonly #inTurn = turns();
	#since: ReadonlyMap<string, number> | undefined;

	constructor(practice: string) {
		this.#practice = practice;
	}

	/**
	 * Who waits now, by a key of their own each. Who is `fresh` may have come before the connection was there:
	 * then the server says when. `aheadMs`: the server's clock less this machine's.
	 */
	learn(
		waiting: readonly { key: string; since: number }[],
		{ fresh, aheadMs }: { fresh: boolean; aheadMs: number },
	): Promise<void> {
		return this.#inTurn(async () => {
			const before = this.#since ?? (await readSince(this.#practice));
			const now = Date.now();
			const after = new Map(before);
			for (const { key, since } of waiting) {
				const first = fresh ? Math.min(now, since - aheadMs) : now;
				// Who is away for a moment has been here since then all the same.
				after.delete(key);
				after.set(key, before.get(key) ?? first);
			}
			this.#since = new Map([...after].slice(-sightsMax));
			if (waiting.every(({ key }) => before.has(key))) return;
			await writeSince(this.#practice, this.#since).catch(() => undefined);
		});
	}

	of(key: string): number | undefined {
		return this.#since?.get(key);
	}
}
