import type { Context } from '../context.ts';
import type { Staff } from '../guard.ts';
import type { Reviews } from '../protocol/reviews.ts';
import { endsAt } from './due.ts';

/** Of one answer. */
const reviewsMax = 100;

/** What a member was let in to for supervision and has not opened yet. */
export async function reviewsOf({ store, clock }: Context, { member }: Staff): Promise<Reviews> {
	const rows = await store
		.selectFrom('history as let')
		.innerJoin('recordings', 'recordings.id', 'let.recording')
		.innerJoin('retentions', 'retentions.recording', 'recordings.id')
		.selectAll('recordings')
		.select(['let.who', 'retentions.kept_until', 'retentions.minutes', 'retentions.hold'])
		.where('let.act', '=', 'granted')
		.where('let.about', '=', member)
		.where('recordings.state', '=', 'finished')
		.where('recordings.host', '!=', member)
		.where('retentions.purpose', '=', 'supervision')
		.where((it) =>
			it.exists(
				it
					.selectFrom('grants')
					.select('grants.id')
					.whereRef('grants.recording', '=', 'recordings.id')
					.where('grants.recipient', '=', member)
					.where((or) =>
						or.or([or('grants.expires_at', 'is', null), or('grants.expires_at', '>', clock.now())]),
					),
			),
		)
		.where((it) =>
			it.not(
				it.exists(
					it
						.selectFrom('history as seen')
						.select('seen.n')
						.whereRef('seen.recording', '=', 'recordings.id')
						.whereRef('seen.n', '>', 'let.n')
						.where('seen.who', '=', member)
						.where('seen.act', 'in', ['opened', 'played']),
				),
			),
		)
		.orderBy('let.n', 'desc')
		.limit(reviewsMax)
		.execute();
	const found = new Map(rows.map((row) => [row.id, row]));
	const never = Number.POSITIVE_INFINITY;
	const reviews = [...found.values()].map((row) => ({
		recording: row.id,
		startedAt: row.started_at,
		by: row.who,
		endsAt: endsAt(row, row),
	}));
	return { reviews: reviews.toSorted((a, b) => (a.endsAt ?? never) - (b.endsAt ?? never)) };
}
