import { memberOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { people } from '#lib/people/people.svelte.ts';

/** The name of a member who is or was on the practice's signed list; of nobody else, whatever the server says. */
export function memberName(id: string): string | undefined {
	if (account.state !== 'unlocked') return undefined;
	const { member, members } = account;
	if (id === member.id) return member.name;
	const listed = memberOf(members, id) ?? members.former?.find((one) => one.id === id);
	return listed && people.nameOf(id);
}
