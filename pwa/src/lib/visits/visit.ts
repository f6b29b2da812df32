import * as v from 'valibot';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { type Member, type MemberList, memberOf } from '#crypto/members/members.ts';
import { type LinkSecret, toLinkSecret } from '#crypto/proof/proof.ts';
import { Id, bytesText, parseJson } from '#crypto/schema.ts';
import { openText, sealText } from '#lib/schedule/sealed.ts';
import { isPlanner } from '#lib/schedule/signed.ts';

/** What a participant with an account knows of her appointment beside its time. */
export interface VisitText {
	/** Id of the host. */
	readonly host: string;
	/** Name of the host. */
	readonly with: string;
	/** What the private link of her place proves. */
	readonly secret: LinkSecret;
}

/** Which appointment it is, and whose. */
export interface About {
	readonly session: string;
	readonly place: string;
	/** Id of the participant's account. */
	readonly member: string;
}

const context = 'sotto/visit/v1';
/** 64 bytes as base64url. */
const signatureChars = 86;

const Statement = v.strictObject({
	v: v.literal(1),
	session: Id,
	place: Id,
	member: Id,
	author: Id,
	host: Id,
	with: v.pipe(v.string(), v.maxLength(120)),
	secret: bytesText(16),
});
const Named = v.object({ author: Id });

const nameOf = ({ session, place }: About): string => `visit ${session} ${place}`;

/** Seals an appointment to its participant alone, signed by whoever planned it. Throws as `sealText`. */
export async function sealVisit(options: {
	author: { readonly id: string; readonly key: SigningKey };
	to: Member;
	about: Omit<About, 'member'>;
	text: VisitText;
}): Promise<string> {
	const { author, to, about, text } = options;
	const { session, place } = about;
	const { host, with: name, secret } = text;
	const of = { session, place, member: to.id, author: author.id, host };
	const value = { v: 1, ...of, with: name, secret: toBase64url(secret) };
	const signed = await signJson({ key: author.key, context, value });
	return sealText({
		to: [to.publicIdentity],
		context: nameOf({ ...about, member: to.id }),
		text: signed.signature + signed.text,
	});
}

/**
 * What `sealVisit` sealed. Its author has to be the host, or an admin or scheduler of the list. Throws
 * `bad-signature` for every other author and appointment, and as `openText`.
 */
export async function openVisit(options: {
	identity: Identity;
	members: MemberList;
	about: About;
	sealed: string;
}): Promise<VisitText> {
	const { identity, members, about } = options;
	const sealed = fromBase64url(options.sealed);
	const text = await openText({ openers: [identity], context: nameOf(about), sealed });
	const signed = { signature: text.slice(0, signatureChars), text: text.slice(signatureChars) };
	const author = memberOf(members, parseJson(Named, signed.text).author);
	if (!author) throw new CryptoError('bad-signature');
	const publicKey = author.publicIdentity.ed25519;
	const said = await openSigned({ signed, publicKey, context, schema: Statement });
	const may = author.id === said.host ? isHost(author) : isPlanner(author.role);
	const same =
		said.session === about.session && said.place === about.place && said.member === about.member;
	if (!may || !same) throw new CryptoError('bad-signature');
	return { host: said.host, with: said.with, secret: toLinkSecret(said.secret) };
}

const isHost = ({ role }: Member): boolean =>
	role === 'admin' || role === 'supervisor' || role === 'clinician';
