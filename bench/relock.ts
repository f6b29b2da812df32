/** How fast a recording is sealed anew under other keys, beside a loop that only opens and seals with WebCrypto. */
import type { RelockRound } from './pages/relock.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, range, round, table } from './tools/table.ts';
import { askWorker } from './tools/worker.ts';

const megabytes = 24;

/** `ratio`: MB/s of a re-lock by MB/s of the bare loop, both in the same worker and turn by turn. `mbPerSecond`: of a re-lock. */
export async function run({ repeats = 7 }: Options): Promise<Figures> {
	const rounds = await askWorker<RelockRound[]>('relock.ts', { megabytes, rounds: repeats });
	const speeds = (pick: (one: RelockRound) => number) => rounds.map((one) => megabytes / pick(one));
	const [relocked, bare] = [speeds(({ relock }) => relock), speeds((one) => one.bare)];
	table([
		{ what: 're-lock', 'MB/s, median': round(median(relocked)), range: range(relocked) },
		{ what: 'bare loop', 'MB/s, median': round(median(bare)), range: range(bare) },
	]);
	const ratio = median(relocked) / median(bare);
	return { ratio: round(ratio), mbPerSecond: round(median(relocked)) };
}
