import { fingerprint } from '#crypto/identity/identity.ts';
import { memberOf } from '#crypto/members/members.ts';
import { encodeLinkFragment } from '#crypto/proof/fragment.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { address, socketAddress } from '#lib/net/origin.ts';
import { Socket } from '#lib/net/socket.ts';
import { type Visit, VisitList } from '#protocol/sessions.ts';
import { openVisit } from './visit.ts';

const dayMs = 24 * 60 * 60_000;
/** Appointments are planned so far ahead at most. */
const aheadMs = 2 * 366 * dayMs;
const backMs = 60 * dayMs;

/** One's own appointment. */
export interface OwnVisit {
	readonly place: string;
	readonly startsAt: number;
	readonly minutes: number;
	/** Name of the host; undefined when what was sealed could not be opened. */
	readonly with: string | undefined;
	/** The private link, while it can be joined. */
	readonly link: string | undefined;
	readonly ended: boolean;
	/** Why it could not be opened. */
	readonly failure: unknown;
}

async function openOne(row: Visit): Promise<OwnVisit> {
	const { session, place, sealed, startsAt, minutes, state, host } = row;
	const ended = state === 'ended';
	const about = { place, startsAt, minutes, ended };
	try {
		const { identity, members, member } = account;
		const opened = await openVisit({
			identity,
			members,
			about: { session, place, member: member.id },
			sealed,
		});
		const keys = memberOf(members, opened.host)?.publicIdentity;
		// The server says whose session it is, and the sealed text whom she meets: both are the same.
		if (!keys || opened.host !== host)
			return { ...about, with: opened.with, link: undefined, failure: undefined };
		const fragment = encodeLinkFragment({
			secret: opened.secret,
			hostFingerprint: await fingerprint(keys),
		});
		const link = ended ? undefined : address(`/j/${place}`) + fragment;
		return { ...about, with: opened.with, link, failure: undefined };
	} catch (error) {
		return { ...about, with: undefined, link: undefined, failure: error };
	}
}

/** The appointments of a participant with an account. */
export class Visits {
	/** To come or running, the next first. */
	next = $state.raw<readonly OwnVisit[]>([]);
	/** Over, the latest first. */
	past = $state.raw<readonly OwnVisit[]>([]);
	loading = $state(true);
	failure = $state.raw<unknown>();

	/** Reads them, and again whenever they change, until it is stopped. */
	watch(): () => void {
		const socket = new Socket({ address: socketAddress(), token: (fresh) => account.token(fresh) });
		socket.onready = (ready) => ready && void this.load();
		socket.listen((message) => {
			if (message.type === 'changed' && message.what === 'sessions') void this.load();
		});
		void this.load();
		return () => socket.close();
	}

	/** Reads them again. Never throws: see `failure`. */
	async load(): Promise<void> {
		try {
			const now = Date.now();
			const path = `/api/visits?from=${now - backMs}&to=${now + aheadMs}`;
			const { visits } = await fetchJson(VisitList, { path });
			const all = await Promise.all(visits.map(openOne));
			this.next = all.filter(({ ended }) => !ended).toReversed();
			this.past = all.filter(({ ended }) => ended);
			this.failure = undefined;
		} catch (error) {
			this.failure = error;
		}
		this.loading = false;
	}
}
