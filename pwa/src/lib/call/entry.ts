import type { Member } from '#crypto/group/group.ts';
import type { Outgoing } from './outgoing.ts';
import type { Peer } from './peer.ts';
import { keyName } from './room.ts';

/** What a page knows of its connection to one other person. */
export interface Entry {
	readonly key: string;
	readonly host: boolean;
	name: string;
	seat: string;
	/** Not in the roster yet: what is to be signalled waits, and nothing of it is sent before. */
	early: boolean;
	/** What the connection has to signal. */
	out: Outgoing | undefined;
	/** The page at the other end; another one after a reload. */
	instance: string | undefined;
	/** The connection in force, by the name that its maker gave it; `''` while nobody has called yet. */
	tie: { link: string } | undefined;
	peer: Peer | undefined;
	/** Signals that came before the connection was made. */
	waiting: string[];
	/** She asked for sound alone. */
	soundOnly: boolean;
	tries: number;
	retry: ReturnType<typeof setTimeout> | undefined;
}

export function newEntry(
	member: Pick<Member, 'key' | 'name' | 'role'>,
	place: Pick<Entry, 'seat' | 'early'>,
): Entry {
	return {
		key: keyName(member),
		host: member.role === 'host',
		name: member.name,
		...place,
		out: undefined,
		instance: undefined,
		tie: undefined,
		peer: undefined,
		waiting: [],
		soundOnly: false,
		tries: 0,
		retry: undefined,
	};
}
