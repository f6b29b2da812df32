import type { HostSession, Place } from '#lib/sessions/session.ts';

/** A session of Maya that she sees as its host, with these people invited. */
export const planned = (places: Place[]): HostSession => ({
	id: 'one',
	host: 'maya',
	startsAt: 0,
	minutes: 50,
	state: 'planned',
	endedAt: null,
	cancelled: false,
	notice: null,
	signedNotice: null,
	hostIs: 'here',
	author: { id: 'maya', former: false },
	places,
});
