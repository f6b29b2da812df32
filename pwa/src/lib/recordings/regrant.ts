import { grantKeyOf, grantSigner } from '#crypto/grant/grant.ts';
import { type Member, type MemberList, memberOf, signingKeysOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import type { Role } from '#protocol/account.ts';
import { type Grant, MemberGrants, type Recording } from '#protocol/recordings.ts';
import { mayGive, sendGrant, wrapFor } from './give.ts';
import { fetchRecording, openRecording } from './store.ts';

/** Grants of one recording for keys that their recipient has no more. */
export interface Lost {
	readonly recording: string;
	readonly grants: readonly Grant[];
}

const openers: ReadonlySet<Role> = new Set(['admin', 'supervisor', 'clinician']);

/** Members who came back with new keys and are here, besides oneself; nobody for who opens no recordings of others. */
export function comebacks(): Member[] {
	const { members, member } = account;
	if (!openers.has(member.role)) return [];
	const ids = new Set((members.changed ?? []).map(({ id }) => id));
	ids.delete(member.id);
	return members.members.filter(({ id }) => ids.has(id));
}

/**
 * Recordings that a member could open with the keys that she had before, and that this member can open too.
 * What the server tells is believed where somebody who was allowed to signed the old grant. Throws `ApiError`.
 */
export async function lostBy(member: Member): Promise<Lost[]> {
	const current = await grantKeyOf(member.publicIdentity);
	const byRecording = new Map<string, Grant[]>();
	let after: string | undefined;
	for (let more = true; more;) {
		const query = after === undefined ? '' : `?after=${after}`;
		const path = `/api/people/${member.id}/grants${query}`;
		const page = await fetchJson(MemberGrants, { path });
		for (const grant of page.grants)
			byRecording.set(grant.recording, [...(byRecording.get(grant.recording) ?? []), grant]);
		after = page.grants.at(-1)?.recording;
		more = page.more && after !== undefined;
	}
	const lost: Lost[] = [];
	for (const [recording, grants] of byRecording) {
		if (grants.some(({ recipientKey }) => recipientKey === current)) continue;
		const own = grants.filter(({ recipient }) => recipient === member.id);
		if (own.length > 0) lost.push({ recording, grants: own });
	}
	return lost;
}

const sharers: ReadonlySet<Role> = new Set(['admin', 'supervisor']);

/** Whether somebody who could let others open it signed this grant for its recipient. */
export async function isGenuine(
	grant: Grant,
	{ host, madeBy }: Pick<Recording, 'host' | 'madeBy'>,
	list: MemberList,
): Promise<boolean> {
	const { grantor } = grant;
	const was = (list.former ?? []).filter(({ id }) => id === grantor);
	const roles = [memberOf(list, grantor)?.role, ...was.map(({ role }) => role)];
	const may =
		grantor === host || grantor === madeBy || roles.some((role) => role && sharers.has(role));
	return may && (await grantSigner(grant, signingKeysOf(list, grantor))) !== undefined;
}

/**
 * Wraps the keys of a recording for the new keys of who could open it before; her old grants go in the same
 * moment. False when nobody who may had granted it to her, or this member may not. Who hosts it and who recorded it is believed
 * as its manifest says, and no grant before that. Throws as `openRecording` and `wrapFor`.
 */
export async function regrant({ recording: id, grants }: Lost, to: string): Promise<boolean> {
	const { recording } = await openRecording(await fetchRecording(id));
	const genuine: Grant[] = [];
	for (const grant of grants)
		if (grant.recording === id && (await isGenuine(grant, recording, account.members)))
			genuine.push(grant);
	if (genuine.length === 0 || !mayGive(recording)) return false;
	const ends = genuine.flatMap(({ expiresAt }) => expiresAt ?? []);
	const expiresAt = ends.length < genuine.length ? null : Math.max(...ends);
	const grant = await wrapFor(recording, { to, expiresAt });
	await sendGrant(
		grant,
		grants.map((one) => one.id),
	);
	return true;
}
