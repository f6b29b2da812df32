import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { deleteRecording, scrub } from '../recording/deletion.ts';
import { orphans } from '../recording/derivatives.ts';
import { copiesAsked, endsAt } from './due.ts';

/** How exact the moment is. */
export const retentionSweepMs = 30_000;

/** How long the documents are kept that say what was done with recordings, milliseconds: six years (45 CFR 164.316(b)(2)(i) and 164.530(j)(2)). */
const documentsMs = 2192 * 24 * 60 * 60_000;

/** Recordings whose time is over, that are not under a hold and of which nobody waits for a copy, in the order of their end. */
async function dueRecordings({ store, clock, presence }: Context): Promise<string[]> {
	const now = clock.now();
	const rows = await store
		.selectFrom('retentions')
		.innerJoin('recordings', 'recordings.id', 'retentions.recording')
		.select([
			'recordings.id',
			'recordings.state',
			'recordings.ended_at',
			'recordings.last_seen_at',
			'recordings.finished_at',
			'retentions.kept_until',
			'retentions.minutes',
			'retentions.hold',
		])
		.where('recordings.state', '!=', 'deleted')
		.where('retentions.hold', '=', 0)
		.where((it) =>
			it.or([
				it('recordings.session', 'is', null),
				it('recordings.session', 'not in', copiesAsked(store)),
			]),
		)
		.where((it) =>
			it.or([it('retentions.kept_until', '<', now), it('retentions.minutes', 'is not', null)]),
		)
		.execute();
	return rows
		.map((row) => ({ id: row.id, end: endsAt(row, row), running: presence.alive(row.id) }))
		.filter(({ end, running }) => end !== null && end < now && !running)
		.toSorted((a, b) => (a.end ?? 0) - (b.end ?? 0))
		.map(({ id }) => id);
}

/** What became of recordings that were destroyed is forgotten when the law no longer asks for it. */
async function forgetOld({ store, clock }: Context): Promise<void> {
	await store
		.deleteFrom('retentions')
		.where('recording', 'in', (it) =>
			it
				.selectFrom('tombstones')
				.select('recording')
				.where('at', '<', clock.now() - documentsMs),
		)
		.execute();
}

/**
 * Destroys every recording whose time is over, one after the other; at start too, for what ended while the server was
 * away. One that cannot be destroyed now does not keep the others, and is tried again. Says how many went.
 */
export async function enforceRetention(context: Context): Promise<number> {
	const { hub, log } = context;
	let gone = 0;
	// Copies that a hold kept when their source went are looked at again.
	const due = new Set([...(await dueRecordings(context)), ...(await orphans(context.store))]);
	for (const recording of due) {
		try {
			const over = { recording, who: null, act: 'kept-until-over', more: true } as const;
			await deleteRecording(context, over);
			gone += 1;
		} catch (error) {
			// A hold, or a later date, in this very moment.
			if (error instanceof ServerError && error.code === 'conflict') continue;
			log.failure('retention', error);
		}
	}
	await forgetOld(context);
	if (gone > 0) await scrub(context);
	if (gone > 0) hub.changed('recordings');
	return gone;
}
