import type { Notice } from '#crypto/consent/consent.ts';
import type { PublicIdentity } from '#crypto/identity/identity.ts';
import type { MemberList } from '#crypto/members/members.ts';
import { recipientsMax } from '#protocol/recordings.ts';

export interface Recipient {
	readonly id: string;
	readonly publicIdentity: PublicIdentity;
}

/**
 * Who gets keys to a new recording: its host, "Practice records key", and the supervisors on the list when the
 * practice wishes it now and the notice that everybody agreed to names them too.
 */
export function recipientsOf(options: {
	host: Recipient;
	records: Recipient;
	members: MemberList;
	notice: Notice | null;
	supervisorsOpen: boolean;
}): Recipient[] {
	const { host, records, members, notice, supervisorsOpen } = options;
	const always = [host, records];
	// 42 CFR 2.31(a)(4): only those whom the consent names.
	if (!supervisorsOpen || notice?.supervisors !== true || notice.part2) return always;
	const supervisors = members.members
		.filter(({ id, role }) => role === 'supervisor' && id !== host.id)
		.map(({ id, publicIdentity }) => ({ id, publicIdentity }));
	return [...always, ...supervisors.slice(0, recipientsMax - always.length)];
}
