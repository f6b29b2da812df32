import { CryptoError } from '#crypto/errors.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { type MemberList, memberOf } from '#crypto/members/members.ts';
import { parseJson } from '#crypto/schema.ts';
import { Policy, type PracticeSettings } from '#protocol/people.ts';

/** The settings that no server may change. */
export type PolicyChoice = Pick<
	PracticeSettings,
	'recording' | 'recordAll' | 'supervisorsOpen' | 'share' | 'idleMs'
>;

const context = 'sotto/practice-settings/v1';

/** What holds in a new practice. */
export const firstPolicy: PolicyChoice = {
	recording: true,
	recordAll: false,
	supervisorsOpen: false,
	share: { mail: true, maxHours: 72, links: false },
	idleMs: 15 * 60_000,
};

/** What holds where nobody vouches for anything: nothing is recorded, nobody else opens, nothing is shared. */
export const strictPolicy: PolicyChoice = {
	...firstPolicy,
	recording: false,
	share: { mail: false, maxHours: 1, links: false },
};

/** Signs version `version` of the practice's settings as one of its admins. */
export function signPolicy(options: {
	admin: { readonly id: string; readonly key: SigningKey };
	practice: string;
	version: number;
	choice: PolicyChoice;
}): Promise<Signed> {
	const { admin, practice, version } = options;
	const { recording, recordAll, supervisorsOpen, share, idleMs } = options.choice;
	const { mail, maxHours, links } = share;
	const shared = { mail, maxHours, links };
	const choice = { recording, recordAll, supervisorsOpen, share: shared, idleMs };
	const value = { v: 1, practice, version, author: admin.id, ...choice };
	return signJson({ key: admin.key, context, value });
}

/** Signed settings, and whether an admin of today's list stands behind them. */
export interface OpenedPolicy {
	readonly policy: Policy;
	/** False when this device believes them only because it checked them while their author was still an admin. */
	readonly standing: boolean;
}

/**
 * The settings that an admin of `members` signed. `known` are the newest that this device has checked: they
 * go on holding when their author is no admin any more. Throws `bad-signature`, `bad-encoding`, and `stale`
 * for a lower version than `known`, another text of the same version, or another practice's.
 */
export async function openPolicy(options: {
	signed: Signed;
	members: MemberList;
	known?: Signed | undefined;
}): Promise<OpenedPolicy> {
	const { signed, members, known } = options;
	if (known?.text === signed.text) {
		const policy = parseJson(Policy, known.text);
		const standing = await verify(signed, members).then(
			() => true,
			() => false,
		);
		return { policy, standing };
	}
	const policy = await verify(signed, members);
	if (policy.practice !== members.practice) throw new CryptoError('stale');
	if (known && parseJson(Policy, known.text).version >= policy.version)
		throw new CryptoError('stale');
	return { policy, standing: true };
}

async function verify(signed: Signed, members: MemberList): Promise<Policy> {
	const { author } = parseJson(Policy, signed.text);
	const member = memberOf(members, author);
	if (member?.role !== 'admin') throw new CryptoError('bad-signature');
	const publicKey = member.publicIdentity.ed25519;
	return openSigned({ signed, publicKey, context, schema: Policy });
}
