/** How long Connect takes until the other is seen, beside simple-peer with nothing of ours. */
import { leave, openBare, startBare } from './tools/bare.ts';
import type { Figures, Options } from './tools/options.ts';
import type { Site } from './tools/site.ts';
import { momentsOf } from './tools/stopwatch.ts';
import { median, range, round, say, table } from './tools/table.ts';
import { type Stage, connectButton, enterRoom, openStage, waiting } from './tools/visit.ts';

/** Milliseconds from the click to the first picture, where it was made and at the other end. */
interface Join {
	readonly clicker: number;
	readonly other: number;
}
type Way = 'room' | 'today';

async function timed(stage: Stage, click: () => Promise<void>): Promise<Join> {
	const { host, guest } = stage;
	await click();
	const [here, there] = await Promise.all([momentsOf(host.page), momentsOf(guest.page)]);
	return {
		clicker: here.firstFrameAt - here.clickedAt,
		other: there.firstFrameAt - here.clickedAt,
	};
}

async function sealed(stage: Stage, way: Way): Promise<Join> {
	const { host, server } = stage;
	const id = await waiting(stage);
	if (way === 'room') await enterRoom(stage, id);
	else await host.page.goto(server.address);
	const button = connectButton(host.page);
	await button.waitFor();
	await host.page.waitForTimeout(500);
	const join = await timed(stage, () => button.click());
	await leave(stage);
	return join;
}

async function bare(stage: Stage, site: Site, way: Way): Promise<Join> {
	const { host } = stage;
	await openBare(stage, site, way === 'today' ? '#late' : '');
	await host.page.waitForTimeout(500);
	const join = await timed(stage, () => host.page.locator('#connect').click());
	await leave(stage);
	return join;
}

async function pairs(stage: Stage, site: Site, options: { way: Way; repeats: number }) {
	const { way, repeats } = options;
	const ours: Join[] = [];
	const theirs: Join[] = [];
	// The first pair is thrown away: caches are empty and nothing is compiled.
	for (let at = 0; at <= repeats; at++) {
		const turns = [
			async () => ours.push(await sealed(stage, way)),
			async () => theirs.push(await bare(stage, site, way)),
		];
		if (at % 2 === 1) turns.reverse();
		for (const turn of turns) await turn();
		say(
			`  ${way} ${at}: ours ${round(ours[at]?.clicker ?? 0)} ms, bare ${round(theirs[at]?.clicker ?? 0)} ms`,
		);
	}
	return { ours: ours.slice(1), theirs: theirs.slice(1) };
}

/** `ratio`: medians of the time from the click to the first picture on the page where it was made. */
export async function run({ repeats = 7 }: Options): Promise<Figures> {
	const site = await startBare();
	const stage = await openStage();
	try {
		const ways = { room: 0, today: 0 };
		const rows = [];
		for (const way of ['room', 'today'] as const) {
			const { ours, theirs } = await pairs(stage, site, { way, repeats });
			const at = (joins: Join[], end: keyof Join): number[] => joins.map((join) => join[end]);
			ways[way] = median(at(ours, 'clicker')) / median(at(theirs, 'clicker'));
			for (const [who, joins] of Object.entries({ ours, bare: theirs }))
				rows.push({
					'Connect in': way,
					who,
					'ms, median': Math.round(median(at(joins, 'clicker'))),
					range: range(at(joins, 'clicker')),
					'at the other end': Math.round(median(at(joins, 'other'))),
					ratio: who === 'ours' ? round(ways[way]) : 1,
				});
		}
		table(rows);
		return { ratio: round(ways.room) };
	} finally {
		await stage.close();
		await site.close();
	}
}
