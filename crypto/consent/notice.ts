import * as v from 'valibot';
import { type Bytes, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, Moment, bytesText } from '#crypto/schema.ts';
import { RecorderKind } from './kind.ts';
import { type Part2, Part2Schema } from './part2.ts';

const line = v.pipe(v.string(), v.maxLength(2000));

const KeepingSchema = v.strictObject({
	purpose: v.picklist(['record', 'supervision', 'quality', 'note', 'legal']),
	minutes: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
});

/** What kind of purpose it is; `minutes` after its end it is deleted, where no date can say when. */
export type Keeping = Readonly<v.InferOutput<typeof KeepingSchema>>;

const NoticeSchema = v.strictObject({
	v: v.literal(1),
	session: Id,
	practice: line,
	host: line,
	hostKey: bytesText(32),
	purpose: line,
	recorder: RecorderKind,
	openers: line,
	supervisors: v.optional(v.literal(true)),
	part2: v.optional(Part2Schema),
	keptUntil: v.nullable(Moment),
	keeping: v.optional(KeepingSchema),
});

/** What people are shown before they are asked: it says what the recording is for and who will open it. */
export interface Notice {
	readonly session: string;
	/** Name of the practice. */
	readonly practice: string;
	/** Name of the host. */
	readonly host: string;
	/** 32 bytes. */
	readonly hostKey: Bytes;
	readonly purpose: string;
	readonly recorder: RecorderKind;
	/** Who may open it, in words. */
	readonly openers: string;
	/** Whether these words name the supervisors of the practice: only then they get keys. */
	readonly supervisors?: true | undefined;
	/** 42 CFR Part 2 holds for what is recorded: then a consent is signed with name and date too. */
	readonly part2?: Part2 | undefined;
	/** Milliseconds since 1970, or null where the rules of the practice name no date. */
	readonly keptUntil: number | null;
	readonly keeping?: Keeping | undefined;
}

/** A notice signed by the host, as it travels. */
export type SignedNotice = Signed;

/** The host's notice for a session. Its `hostKey` is the signer's. */
export async function signNotice(options: {
	host: SigningKey;
	notice: Omit<Notice, 'hostKey'>;
}): Promise<SignedNotice> {
	const { host, notice } = options;
	const { session, practice, host: hostName, purpose, recorder, keptUntil } = notice;
	const { openers, supervisors, keeping, part2 } = notice;
	const hostKey = toBase64url(host.publicKey);
	const who = { practice, host: hostName, hostKey, openers, ...(supervisors && { supervisors }) };
	const more = { ...saidOf(keeping), ...(part2 && { part2: { ...part2 } }) };
	const value = { v: 1, session, ...who, purpose, recorder, keptUntil, ...more };
	return signJson({ key: host, context: 'sotto/notice/v1', value });
}

function saidOf(keeping: Keeping | undefined) {
	if (!keeping) return {};
	const { purpose, minutes } = keeping;
	return { keeping: minutes === undefined ? { purpose } : { purpose, minutes } };
}

/**
 * The notice, after its signature by `hostKey` was checked and that it is for this session.
 * Throws `bad-signature` when either is not so, and `bad-encoding` when the text is no notice.
 */
export async function verifyNotice(options: {
	signed: SignedNotice;
	hostKey: Bytes;
	session: string;
}): Promise<Notice> {
	const { signed, hostKey, session } = options;
	const { v: _, ...notice } = await openSigned({
		signed,
		publicKey: hostKey,
		context: 'sotto/notice/v1',
		schema: NoticeSchema,
	});
	if (notice.session !== session || toBase64url(notice.hostKey) !== toBase64url(hostKey))
		throw new CryptoError('bad-signature');
	return notice;
}

/** SHA-256 of the notice's text, 32 bytes: what a receipt names. */
export async function noticeDigest(signed: SignedNotice): Promise<Bytes> {
	return sha256(utf8(signed.text));
}
