import { memberOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { People } from '#protocol/people.ts';

/** Somebody whose sessions can be planned. */
export interface Colleague {
	readonly id: string;
	readonly name: string;
}

const hostRoles: ReadonlySet<string> = new Set(['admin', 'supervisor', 'clinician']);

/** Whether this member has sessions of her own. */
export const mayHost = (): boolean => hostRoles.has(account.member.role);

/** Whether this member plans for others too. */
export const mayPlan = (): boolean => account.practice.schedule !== undefined;

/** Whether others than this member have sessions of their own. */
export const hasHostsBeside = (member: string): boolean =>
	account.members.members.some(({ id, role }) => id !== member && hostRoles.has(role));

/** Names of everybody who is or was a member, by id. Throws `ApiError`. */
export async function fetchNames(): Promise<ReadonlyMap<string, string>> {
	const { members } = await fetchJson(People, { path: '/api/people' });
	return new Map(members.map(({ id, name }) => [id, name]));
}

/** The others for whom this member can plan: active, and vouched for by the practice. Throws `ApiError`. */
export async function fetchColleagues(): Promise<readonly Colleague[]> {
	const { members } = await fetchJson(People, { path: '/api/people' });
	return members.filter(
		({ id, active, role }) =>
			active &&
			id !== account.member.id &&
			hostRoles.has(role) &&
			memberOf(account.members, id) !== undefined,
	);
}
