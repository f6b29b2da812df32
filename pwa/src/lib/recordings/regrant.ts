import { grantKeyOf, grantSigner } from '#crypto/grant/grant.ts';
import { openSigned } from '#crypto/identity/signed.ts';
import { type Member, type MemberList, memberOf, signingKeysOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchWhole } from '#lib/history/whole.ts';
import { fetchJson } from '#lib/net/api.ts';
import { ifSigned } from '#lib/schedule/signed.ts';
import type { Role } from '#protocol/account.ts';
import { SaidAct } from '#protocol/acts.ts';
import { type Grant, MemberGrants, type Recording } from '#protocol/recordings.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
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

/** Every grant that the server shows of a member's recordings, by recording. Throws `ApiError`. */
export async function grantsByRecording(member: string): Promise<Map<string, Grant[]>> {
	const byRecording = new Map<string, Grant[]>();
	let after: string | undefined;
	for (let more = true; more;) {
		const query = after === undefined ? '' : `?after=${after}`;
		const path = `/api/people/${member}/grants${query}`;
		const page = await fetchJson(MemberGrants, { path });
		for (const grant of page.grants)
			byRecording.set(grant.recording, [...(byRecording.get(grant.recording) ?? []), grant]);
		after = page.grants.at(-1)?.recording;
		more = page.more && after !== undefined;
	}
	return byRecording;
}

/**
 * Recordings that a member could open with the keys that she had before, and that this member can open too.
 * What the server tells is believed where somebody who was allowed to signed the old grant. Throws `ApiError`.
 */
export async function lostBy(member: Member): Promise<Lost[]> {
	const current = await grantKeyOf(member.publicIdentity);
	const byRecording = await grantsByRecording(member.id);
	const lost: Lost[] = [];
	for (const [recording, grants] of byRecording) {
		if (grants.some(({ recipientKey }) => recipientKey === current)) continue;
		const own = grants.filter(({ recipient }) => recipient === member.id);
		if (own.length > 0) lost.push({ recording, grants: own });
	}
	return lost;
}

const sharers: ReadonlySet<Role> = new Set(['admin', 'supervisor']);

/** Whose word counts besides that of an administrator or supervisor. */
type Held = Pick<Recording, 'host' | 'madeBy'>;

function mayLetIn(who: string, { host, madeBy }: Held, list: MemberList): boolean {
	const was = (list.former ?? []).filter(({ id }) => id === who);
	const roles = [memberOf(list, who)?.role, ...was.map(({ role }) => role)];
	return who === host || who === madeBy || roles.some((role) => role && sharers.has(role));
}

/** Whether somebody who could let others open it signed this grant for its recipient. */
export async function isGenuine(grant: Grant, recording: Held, list: MemberList): Promise<boolean> {
	const { grantor } = grant;
	const may = mayLetIn(grantor, recording, list);
	return may && (await grantSigner(grant, signingKeysOf(list, grantor))) !== undefined;
}

/** Whether this row is of a host, or of who may let others in, who signed that this member opens the recording. */
async function isLettingIn(
	{ act, who, signed }: HistoryRow,
	{ recording, member }: { recording: Held & Pick<Recording, 'id'>; member: string },
	list: MemberList,
): Promise<boolean> {
	if (act !== 'granted' || who === null || signed === null || who === member) return false;
	if (!mayLetIn(who, recording, list)) return false;
	for (const publicKey of signingKeysOf(list, who)) {
		const said = await ifSigned(
			openSigned({ signed, publicKey, context: 'sotto/act/v1', schema: SaidAct }),
		);
		if (said?.act === act && said.who === who)
			return said.recording === recording.id && said.about === member;
	}
	return false;
}

/** What a member has wrapped for new keys of her own is as good as what somebody who may had let her open. Throws `ApiError`. */
async function isAgain(grant: Grant, recording: Recording, list: MemberList): Promise<boolean> {
	const { grantor, recipient: member } = grant;
	if (grantor !== member || !(await grantSigner(grant, signingKeysOf(list, grantor)))) return false;
	for (const row of await fetchWhole(`/api/recordings/${recording.id}/history`))
		if (await isLettingIn(row, { recording, member }, list)) return true;
	return false;
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
		if (
			grant.recording === id &&
			((await isGenuine(grant, recording, account.members)) ||
				(await isAgain(grant, recording, account.members)))
		)
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
