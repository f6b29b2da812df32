import * as v from 'valibot';
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import {
	type SignedReceipt,
	type VerifiedReceipt,
	verifyReceipt,
} from '#crypto/consent/consent.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openPackage } from '#crypto/group/group.ts';
import type { Identity, PublicIdentity } from '#crypto/identity/identity.ts';
import { type LinkSecret, linkProof, verifyLinkProof } from '#crypto/proof/proof.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import { equal } from '#crypto/bytes.ts';
import { Signed } from '#protocol/text.ts';
import { replyOf } from './note.ts';
import type { Seat } from '#protocol/socket.ts';

/** What a knock says to the host and to nobody else. */
const KnockText = v.pipe(
	v.string(),
	v.parseJson(),
	v.strictObject({
		/** Asked only where the link has no secret that says which place it is for. */
		name: v.nullable(v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(120))),
		receipt: v.nullable(Signed),
		/** The answer to the question about recording; null when it was not asked. */
		agreed: v.nullable(v.boolean()),
		/** What the host seals a note to, as long as there is no key group with her in it. */
		reply: v.optional(v.pipe(v.string(), v.length(43))),
	}),
);
export type KnockText = v.InferOutput<typeof KnockText>;

const info = 'sotto/knock/v1';
const quantumBytes = 1024;

interface Where {
	readonly session: string;
	readonly place: string;
	readonly keyPackage: Bytes;
}

const aad = ({ session, place, keyPackage }: Where): Bytes =>
	canonical([session, place, toBase64url(keyPackage)]);

/** Seals a knock to the host, and proves the link's secret where there is one. */
export async function sealKnock(
	options: Where & { host: PublicIdentity; text: KnockText; secret: LinkSecret | null },
): Promise<{ sealed: string; proof: string | null }> {
	const { host, text, secret, session, place, keyPackage } = options;
	const plaintext = utf8(JSON.stringify(text));
	const to = { x25519: host.x25519 };
	const sealed = await sealTo({ to, info, aad: aad(options), plaintext, quantumBytes });
	const proof = secret && (await linkProof({ secret, session, place, keyPackage }));
	return { sealed: toBase64url(sealed), proof: proof && toBase64url(proof) };
}

/** A knock as the host reads it. */
export interface OpenedKnock {
	/** Identity key of the key package. */
	readonly key: Bytes;
	readonly text: KnockText;
	/** What she answered about being recorded, after its signature was checked. */
	readonly receipt: VerifiedReceipt | null;
	/** What a note to her is sealed to. */
	readonly reply: Bytes | null;
	/** Whether the link's secret was proven. */
	readonly proven: boolean;
}

/**
 * Opens a knock. Throws CryptoError when the package is not of this session, when the sealed part is for
 * somebody else or altered, and when the receipt is not by the one who knocks.
 */
export async function openKnock(options: {
	identity: Identity;
	session: string;
	place: string;
	secret: LinkSecret;
	knock: NonNullable<Seat['knock']>;
}): Promise<OpenedKnock> {
	const { identity, session, place, secret, knock } = options;
	const keyPackage = fromBase64url(knock.keyPackage);
	const claim = await openPackage(keyPackage);
	if (claim.session !== session) throw new CryptoError('open-failed');
	const where = { session, place, keyPackage };
	const sealed = fromBase64url(knock.sealed);
	const opened = await openSealed({ opener: identity, info, aad: aad(where), sealed });
	const parsed = v.safeParse(KnockText, fromUtf8(opened));
	if (!parsed.success) throw new CryptoError('bad-encoding');
	const text = parsed.output;
	const receipt = text.receipt && (await byHer(text.receipt, claim.key));
	const proven =
		knock.proof !== null &&
		(await verifyLinkProof({ secret, ...where }, fromBase64url(knock.proof)));
	return { key: claim.key, text, receipt, reply: replyOf(text.reply), proven };
}

async function byHer(signed: SignedReceipt, key: Bytes): Promise<VerifiedReceipt> {
	const receipt = await verifyReceipt(signed);
	if (!equal(receipt.subject, key)) throw new CryptoError('bad-signature');
	return receipt;
}
