/** What sealing and opening a frame costs in the worker, beside AES-GCM of the same bytes without anything of ours. */
import type { Round } from './pages/frames.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, range, round, table } from './tools/table.ts';
import { askWorker } from './tools/worker.ts';

/** A second of sound has many frames like the first, a picture of 640x360 is about the second; bytes. */
const sizes = [1200, 5000];

function report(rounds: readonly Round[]): Figures {
	const each = sizes.map((bytes) => {
		const of = (pick: (one: Round) => number): number[] =>
			rounds.filter((one) => one.bytes === bytes).map(pick);
		return {
			bytes,
			seal: of((one) => one.seal),
			open: of((one) => one.open),
			bareSeal: of((one) => one.bareSeal),
			bareOpen: of((one) => one.bareOpen),
		};
	});
	table(
		each.flatMap(({ bytes, ...columns }) =>
			Object.entries(columns).map(([what, values]) => ({
				bytes,
				what,
				'us, median': round(median(values)),
				range: range(values),
			})),
		),
	);
	const mean = (pick: (one: (typeof each)[number]) => number[]): number =>
		each.reduce((sum, one) => sum + median(pick(one)), 0) / each.length;
	const sealUs = mean((one) => one.seal);
	const openUs = mean((one) => one.open);
	const bare = mean((one) => one.bareSeal) + mean((one) => one.bareOpen);
	return {
		sealUs: round(sealUs),
		openUs: round(openUs),
		share: round((sealUs + openUs) / bare),
	};
}

/** `sealUs`, `openUs`: the mean of both sizes. `share`: both together, as a multiple of both bare calls. */
export async function run({ repeats = 15 }: Options): Promise<Figures> {
	const rounds = await askWorker<Round[]>('frames.ts', { sizes, rounds: repeats });
	return report(rounds);
}
