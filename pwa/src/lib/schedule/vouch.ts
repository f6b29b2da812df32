import { equal } from '#crypto/bytes.ts';
import { type Former, digestsMax, formerMax } from '#crypto/members/former.ts';
import type { Member, MemberList } from '#crypto/members/members.ts';
import { fetchRoll } from '#lib/sessions/roll.ts';
import { signedBy } from '#lib/sessions/session.ts';
import { storeDigests } from './former.ts';
import { isPlanner } from './signed.ts';

/** The last moment that a date can hold. */
const forever = 8_640_000_000_000_000;

/**
 * The list with what a member has signed until now, when she leaves (`after` undefined), gets other keys or
 * plans for others no more. Only an admin can make it, before anybody else sees the newer list. Throws `ApiError`.
 */
export async function withFormer(
	list: MemberList,
	before: Member,
	after: Member | undefined,
): Promise<MemberList> {
	const { id, role, publicIdentity } = before;
	const { ed25519 } = publicIdentity;
	const sameKeys = after && equal(after.publicIdentity.ed25519, ed25519);
	if (sameKeys && (!isPlanner(role) || isPlanner(after.role))) return list;
	// What is not vouched for here cannot be read any more.
	const sessions = await fetchRoll(0, forever, { everybody: true, whole: true });
	const texts: string[] = [];
	for (const session of sessions)
		// Nobody else writes for others.
		if (isPlanner(role) || session.host === id) texts.push(...(await signedBy(id, session)));
	if (texts.length === 0) return list;
	const pages = await storeDigests(texts.slice(-digestsMax));
	const former: Former[] = [...(list.former ?? []), { id, role, ed25519, pages }];
	return { ...list, former: former.slice(-formerMax) };
}
