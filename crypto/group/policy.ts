import { type Bytes, equal, toHex } from '#crypto/bytes.ts';
import { missingReceipts } from '#crypto/consent/missing.ts';
import { type VerifiedReceipt, outranks } from '#crypto/consent/receipt.ts';
import type { Context } from './context.ts';
import type { VerifiedEvidence } from './evidence.ts';
import type { Refusal } from './refusal.ts';
import type { Role } from './statements.ts';

/** Most people in a call, the host among them. */
export const peopleMax = 6;
/** Most recorders. */
export const recordersMax = 1;

/** Somebody in the roster. */
export interface Member {
	/** Place in the MLS tree, and in the KID of her frames. */
	readonly leaf: number;
	/** 32 bytes: identity and signature key. */
	readonly key: Bytes;
	/** As the host admitted her. */
	readonly name: string;
	readonly role: Role;
}

/** What an epoch says about itself, every signature in it checked. */
export interface Claim {
	readonly context: Context;
	/** Identity key and session of each leaf; the creator first. */
	readonly leaves: readonly { readonly key: Bytes; readonly session: string }[];
	readonly evidence: VerifiedEvidence;
}

/** What somebody who is asked to take part knows by herself. */
export interface View {
	readonly session: string;
	readonly hostKey: Bytes;
	/** The generation under which the epoch came. */
	readonly generation: number;
	/** The last generation that I know of; 0 when I know none. */
	readonly after: number;
	/** The epoch I am in, if I am in one. */
	readonly previous:
		| {
				/** SHA-256 of its authenticator. */
				readonly hash: Bytes;
				readonly roster: readonly Member[];
				readonly evidence: VerifiedEvidence;
		  }
		| undefined;
	/** The latest receipts that I know of, wherever from. */
	readonly receipts: readonly VerifiedReceipt[];
	/** Hexadecimal keys of those whom the host removed, wherever I know it from. */
	readonly removed: ReadonlySet<string>;
}

/** The first rule that an epoch breaks in the eyes of a view, or undefined when it may be taken part in. */
export function check(claim: Claim, view: View): Refusal | undefined {
	return (
		checkPlace(claim, view) ??
		checkRoster(claim, view) ??
		checkChange(claim, view) ??
		checkConsent(claim, view)
	);
}

/** The roster of a claim that passed `check`. */
export function rosterOf(claim: Claim, hostKey: Bytes): Member[] {
	return claim.leaves.map(({ key }, leaf) => {
		const { name = '', role = 'participant' } = claim.evidence.admissions.get(toHex(key)) ?? {};
		return { leaf, key, name, role: equal(key, hostKey) ? 'host' : role };
	});
}

/** Session, generation, the chain of authenticators. */
function checkPlace({ context, leaves }: Claim, view: View): Refusal | undefined {
	const { session, hostKey, generation, after, previous } = view;
	if (context.session !== session) return 'other-session';
	if (leaves.some((leaf) => leaf.session !== session)) return 'other-session';
	if (context.generation !== generation) return 'wrong-generation';
	if (generation <= after) return 'old-generation';
	const [creator] = leaves;
	if (!creator) return 'host-missing';
	const first = context.previous.every((byte) => byte === 0);
	if (previous) {
		if (!equal(context.previous, previous.hash)) return 'other-previous';
		if (!previous.roster.some(({ key }) => equal(key, creator.key))) return 'stranger-creator';
	} else if (first && !equal(creator.key, hostKey)) return 'no-previous';
	return undefined;
}

/** Who is in it: each admitted, none removed, none twice, the host always, six people and a recorder at most. */
function checkRoster({ leaves, evidence }: Claim, view: View): Refusal | undefined {
	const { hostKey, removed } = view;
	const names = leaves.map(({ key }) => toHex(key));
	const host = toHex(hostKey);
	if (new Set(names).size !== names.length) return 'duplicate-identity';
	if (!names.includes(host)) return 'host-missing';
	for (const name of names) {
		if (name === host) continue;
		if (!evidence.admissions.has(name)) return 'not-admitted';
		if (evidence.removals.has(name) || removed.has(name)) return 'removed';
	}
	const recorders = names.filter((name) => isRecorder(evidence, name));
	if (recorders.length > recordersMax) return 'too-many-recorders';
	if (names.length - recorders.length > peopleMax) return 'too-many-people';
	if (recorders.includes(names[0] ?? '')) return 'recorder-creator';
	return undefined;
}

/** What it changes against the epoch I am in, and whether its creator may. */
function checkChange({ leaves, evidence }: Claim, view: View): Refusal | undefined {
	const { hostKey, previous } = view;
	if (!previous) return undefined;
	const keys = new Set(leaves.map(({ key }) => toHex(key)));
	const before = new Map(previous.roster.map((member) => [toHex(member.key), member]));
	const byHost = leaves[0] !== undefined && equal(leaves[0].key, hostKey);
	for (const [name, { role }] of before) {
		if (!keys.has(name)) {
			const free = byHost || role === 'recorder' || isRemoved(name, { evidence, view });
			if (!free) return 'participant-dropped';
		} else if ((role === 'recorder') !== isRecorder(evidence, name)) return 'role-changed';
	}
	for (const name of keys)
		if (!byHost && isRecorder(evidence, name) && !before.has(name))
			return 'recorder-by-participant';
	for (const name of previous.evidence.removals.keys())
		if (!evidence.removals.has(name)) return 'evidence-shrunk';
	for (const [name, known] of previous.evidence.receipts) {
		const shown = evidence.receipts.get(name);
		if (!shown || differsBelow(shown, known)) return 'evidence-shrunk';
	}
	return undefined;
}

/** Whether a recorder in it has the consent of everybody, as far as it says and as far as I know. */
function checkConsent({ context, leaves, evidence }: Claim, view: View): Refusal | undefined {
	if (!equal(context.receipts, evidence.digest)) return 'wrong-receipts-digest';
	const names = leaves.map(({ key }) => toHex(key));
	const recorder = names.find((name) => isRecorder(evidence, name));
	if (recorder === undefined) return undefined;
	const certificate = evidence.recorders.get(recorder);
	if (!certificate) return 'recorder-uncertified';
	if (!evidence.notice) return 'notice-missing';
	const { notice, digest } = evidence.notice;
	if (notice.recorder !== certificate.kind) return 'receipt-other-recorder';
	const people = leaves.filter(({ key }) => toHex(key) !== recorder).map(({ key }) => key);
	const missing = missingReceipts({
		people,
		receipts: Array.from(evidence.receipts.values()),
		asked: {
			session: view.session,
			hostKey: view.hostKey,
			recorder: certificate.kind,
			notice: digest,
			part2: notice.part2 !== undefined,
		},
	});
	if (missing[0]) return missing[0].reason;
	for (const known of view.receipts) {
		const name = toHex(known.subject);
		const shown = evidence.receipts.get(name);
		if (!names.includes(name) || !shown || !differsBelow(shown, known)) continue;
		return known.type === 'withdrawal' ? 'receipt-withdrawn' : 'receipt-stale';
	}
	return undefined;
}

function isRecorder(evidence: VerifiedEvidence, name: string): boolean {
	return evidence.admissions.get(name)?.role === 'recorder';
}

function isRemoved(
	name: string,
	{ evidence, view }: { evidence: VerifiedEvidence; view: View },
): boolean {
	return evidence.removals.has(name) || view.removed.has(name);
}

/** Whether `known` holds rather than what is shown. */
function differsBelow(shown: VerifiedReceipt, known: VerifiedReceipt): boolean {
	return shown.signed.text !== known.signed.text && outranks(known, shown);
}
