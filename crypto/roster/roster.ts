import { equal, toHex } from '#crypto/bytes.ts';
import type { Epoch } from '#crypto/group/epoch.ts';
import type { Member } from '#crypto/group/policy.ts';

/** RFC 7866 §6.1.1: a recorder holds the keys, or none does, or one was let in and stands outside for now. */
export type Awareness = 'on' | 'off' | 'paused';

/** What the screen shows about who is there. */
export interface Roster {
	readonly generation: number;
	/** Everybody who holds the keys, the recorder among them, by leaf. */
	readonly members: readonly Member[];
	readonly me: Member;
	/** Members who are people. */
	readonly people: readonly Member[];
	/** People other than me. */
	readonly others: readonly Member[];
	readonly recorder: Member | undefined;
	readonly awareness: Awareness;
}

/** The roster of an epoch: from the group's own list of keys and nothing else, so nobody can be hidden from it. */
export function rosterOfEpoch(epoch: Epoch): Roster {
	const { generation, roster: members, me } = epoch;
	const people = members.filter((member) => member.role !== 'recorder');
	const others = people.filter((member) => !equal(member.key, me.key));
	const recorder = members.find((member) => member.role === 'recorder');
	return { generation, members, me, people, others, recorder, awareness: awarenessOf(epoch) };
}

/** Whether the call is recorded, as far as keys can tell: `paused` while an admitted recorder is outside and not removed. */
export function awarenessOf(epoch: Epoch): Awareness {
	if (epoch.hasRecorder) return 'on';
	const { admissions, recorders, removals } = epoch.verified;
	const waiting = Array.from(recorders.values(), ({ key }) => toHex(key)).some(
		(name) => admissions.get(name)?.role === 'recorder' && !removals.has(name),
	);
	return waiting ? 'paused' : 'off';
}
