import * as v from 'valibot';
import { type Bytes, equal, toHex, utf8 } from '#crypto/bytes.ts';
import { type Notice, noticeDigest, verifyNotice } from '#crypto/consent/notice.ts';
import {
	type SignedReceipt,
	type VerifiedReceipt,
	receiptsDigest,
	verifyReceipt,
} from '#crypto/consent/receipt.ts';
import { StatementSchema } from '#crypto/consent/statement.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import { canonicalText } from '#crypto/schema.ts';
import { EpochRefused, type Refusal, demand } from './refusal.ts';
import {
	type Admission,
	type Certificate,
	type RecorderCertificate,
	type Removal,
	type SignedAdmission,
	type SignedRemoval,
	verifyAdmission,
	verifyCertificate,
	verifyRemoval,
} from './statements.ts';

/** Most statements of one kind. */
export const statementsMax = 64;
/** Most bytes of the whole bundle. */
export const evidenceSizeMax = 96 * 1024;

const Statements = v.pipe(v.array(StatementSchema), v.maxLength(statementsMax));

export const EvidenceSchema = v.strictObject({
	admissions: Statements,
	removals: Statements,
	receipts: Statements,
	recorders: Statements,
	notice: v.nullable(StatementSchema),
});

/** Why everybody in the roster is there, and who allowed the recorder. Travels in the GroupContext, sealed inside the Welcome. */
export interface Evidence {
	readonly admissions: readonly SignedAdmission[];
	readonly removals: readonly SignedRemoval[];
	/** At most one per subject: the one that holds. */
	readonly receipts: readonly SignedReceipt[];
	readonly recorders: readonly RecorderCertificate[];
	/** The notice in force, or null while no recording was ever asked for. */
	readonly notice: Signed | null;
}

/** Evidence whose signatures were all checked. */
export interface VerifiedEvidence {
	readonly evidence: Evidence;
	/** By hexadecimal identity key. */
	readonly admissions: ReadonlyMap<string, Admission>;
	readonly removals: ReadonlyMap<string, Removal>;
	readonly receipts: ReadonlyMap<string, VerifiedReceipt>;
	readonly recorders: ReadonlyMap<string, Certificate>;
	readonly notice: { readonly notice: Notice; readonly digest: Bytes } | undefined;
	/** SHA-256 over the consents in force. */
	readonly digest: Bytes;
}

/** Evidence of nothing. */
export const noEvidence: Evidence = {
	admissions: [],
	removals: [],
	receipts: [],
	recorders: [],
	notice: null,
};

/**
 * Checks every signature and that everything is of this session and host, once per person. Throws `EpochRefused` with
 * the reason. Evidence that holds anything false is refused whole.
 */
export async function verifyEvidence(options: {
	evidence: Evidence;
	session: string;
	hostKey: Bytes;
}): Promise<VerifiedEvidence> {
	const { evidence, session, hostKey } = options;
	demand(sizeOf(evidence) <= evidenceSizeMax, 'too-large');
	const open = <T>(signed: readonly Signed[], verify: Verify<T>, forged: Refusal) =>
		Promise.all(signed.map((one) => trust(() => verify(one, hostKey), forged)));
	const [admissions, removals, recorders, receipts, notice] = await Promise.all([
		open(evidence.admissions, verifyAdmission, 'admission-forged'),
		open(evidence.removals, verifyRemoval, 'removal-forged'),
		open(evidence.recorders, verifyCertificate, 'recorder-forged'),
		open(evidence.receipts, verifyReceipt, 'receipt-forged'),
		openNotice(evidence.notice, { session, hostKey }),
	]);
	for (const { session: named } of [...admissions, ...removals, ...recorders])
		demand(named === session, 'other-session');
	for (const receipt of receipts) demand(receipt.session === session, 'receipt-other-session');
	for (const { hostKey: named } of recorders) demand(equal(named, hostKey), 'recorder-forged');
	for (const { key, role } of admissions)
		demand((role === 'host') === equal(key, hostKey), 'admission-forged');
	const digest = await receiptsDigest(receipts);
	return {
		evidence,
		admissions: byKey(admissions),
		removals: byKey(removals),
		recorders: byKey(recorders),
		receipts: once(receipts.map((receipt) => [toHex(receipt.subject), receipt])),
		notice,
		digest,
	};
}

type Verify<T> = (signed: Signed, hostKey: Bytes) => Promise<T>;

async function trust<T>(verify: () => Promise<T>, forged: Refusal): Promise<T> {
	try {
		return await verify();
	} catch (cause) {
		if (cause instanceof CryptoError) throw new EpochRefused(forged, { cause });
		throw cause;
	}
}

async function openNotice(
	signed: Signed | null,
	place: { session: string; hostKey: Bytes },
): Promise<VerifiedEvidence['notice']> {
	if (!signed) return undefined;
	const notice = await trust(() => verifyNotice({ signed, ...place }), 'notice-forged');
	return { notice, digest: await noticeDigest(signed) };
}

function byKey<T extends { readonly key: Bytes }>(statements: readonly T[]): Map<string, T> {
	return once(statements.map((statement) => [toHex(statement.key), statement]));
}

function once<T>(entries: readonly [string, T][]): Map<string, T> {
	const map = new Map(entries);
	demand(map.size === entries.length, 'bad-evidence');
	return map;
}

function sizeOf(evidence: Evidence): number {
	return utf8(canonicalText(evidenceJson(evidence))).length;
}

/** The JSON of evidence, with nothing but its fields. */
export function evidenceJson(evidence: Evidence) {
	return {
		admissions: evidence.admissions.map(plain),
		removals: evidence.removals.map(plain),
		receipts: evidence.receipts.map(plain),
		recorders: evidence.recorders.map(plain),
		notice: evidence.notice && plain(evidence.notice),
	};
}

function plain({ text, signature }: Signed) {
	return { text, signature };
}
