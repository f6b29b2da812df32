/** How fast a recording is sealed anew under other keys, beside a loop that only opens and seals with WebCrypto. */
import { launch } from '../tests/e2e/browsers.ts';
import type { RelockRound } from './pages/relock.ts';
import { bundle } from './tools/bundle.ts';
import type { Figures, Options } from './tools/options.ts';
import { startSite } from './tools/site.ts';
import { median, range, round, table } from './tools/table.ts';

const megabytes = 24;
const page = `<!doctype html><title>relock</title>`;

/** `ratio`: MB/s of a re-lock by MB/s of the bare loop, both in the same worker and turn by turn. `mbPerSecond`: of a re-lock. */
export async function run({ repeats = 7 }: Options): Promise<Figures> {
	const site = await startSite({ '/': page, '/worker.js': await bundle('relock.ts') });
	const browser = await launch();
	try {
		const tab = await browser.newPage();
		await tab.goto(site.address);
		const rounds = await tab.evaluate(
			(work) =>
				new Promise<RelockRound[]>((resolve, reject) => {
					const worker = new Worker('/worker.js', { type: 'module' });
					worker.addEventListener('message', (event) => resolve(event.data));
					worker.addEventListener('error', (event) => reject(new Error(event.message)));
					worker.postMessage(work);
				}),
			{ megabytes, rounds: repeats },
		);
		const speeds = (pick: (one: RelockRound) => number) =>
			rounds.map((one) => megabytes / pick(one));
		const [relocked, bare] = [speeds(({ relock }) => relock), speeds((one) => one.bare)];
		table([
			{ what: 're-lock', 'MB/s, median': round(median(relocked)), range: range(relocked) },
			{ what: 'bare loop', 'MB/s, median': round(median(bare)), range: range(bare) },
		]);
		const ratio = median(relocked) / median(bare);
		return { ratio: round(ratio), mbPerSecond: round(median(relocked)) };
	} finally {
		await browser.close();
		await site.close();
	}
}
