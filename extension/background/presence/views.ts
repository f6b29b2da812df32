import type { Pairing } from '../../pairing/store.ts';
import type { PracticeView, State } from '../../shared/state.ts';

type Link = PracticeView['link'];

const newView = (pairing: Pairing): PracticeView => ({
	id: pairing.practice,
	origin: pairing.origin,
	name: pairing.practiceName,
	member: pairing.member,
	link: 'connecting',
	linkSince: Date.now(),
	sessions: [],
	waiting: [],
	recordings: [],
	code: { mode: 'not-verified', version: null, files: 0, checkedAt: null },
});

/**
 * The practices of these pairings, in their order; what was known of one before is kept until more is known.
 * `linkOf`: of a connection that is there already.
 */
export function withPairings(
	state: State,
	pairings: readonly Pairing[],
	linkOf: (pairing: Pairing) => Link | undefined,
): State {
	const known = new Map(state.practices.map((view) => [view.id, view]));
	const views = pairings.map((pairing) => {
		const { id, origin, name, member, linkSince: now, ...rest } = newView(pairing);
		const before = known.get(id);
		// A worker that starts again while the server is away has not been cut off just now.
		const started = before?.link === 'offline' ? 'offline' : 'connecting';
		// A connection that goes on says only what changes.
		const link = linkOf(pairing) ?? started;
		const linkSince = before?.link === link ? before.linkSince : now;
		return { ...rest, ...before, id, origin, name, member, link, linkSince };
	});
	return { ...state, practices: views };
}
