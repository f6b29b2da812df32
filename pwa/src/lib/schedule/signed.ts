import * as v from 'valibot';
import type { Bytes } from '#crypto/bytes.ts';
import type { Json } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { type MemberList, type Role, memberOf } from '#crypto/members/members.ts';
import { Id, parseJson } from '#crypto/schema.ts';

/** What contents belong to: a session, or one place of it. */
export interface About {
	readonly session: string;
	/** Null for the contents of the session itself. */
	readonly place: string | null;
}

const context = 'sotto/session-contents/v1';
/** 64 bytes as base64url. */
const signatureChars = 86;
/** Who writes for sessions of others. */
const planners: ReadonlySet<Role> = new Set(['admin', 'scheduler']);

const Contents = v.record(v.string(), v.unknown());
const Statement = v.strictObject({
	v: v.literal(1),
	session: Id,
	place: v.nullable(Id),
	author: Id,
	contents: Contents,
});
const Named = v.object({ author: Id });

/** Contents (the text of a JSON object) signed by their author: the signature, then the text it is over. */
export async function signContents(options: {
	author: string;
	key: SigningKey;
	about: About;
	text: string;
}): Promise<string> {
	const { author, key, about, text } = options;
	const { session, place } = about;
	const contents: Json = JSON.parse(text);
	const value = { v: 1, session, place, author, contents };
	const signed = await signJson({ key, context, value });
	// Not as JSON again: every quotation mark of the text would take one more character.
	return signed.signature + signed.text;
}

/**
 * The contents that `signContents` signed. Their author has to be the host, or an admin or scheduler of
 * `members`; `own` is believed before a list has it. Throws `bad-signature` for every other author,
 * signature, session or place, and `bad-encoding`.
 */
export async function openContents(options: {
	members: MemberList;
	own: { readonly id: string; readonly key: Bytes };
	host: string;
	about: About;
	text: string;
}): Promise<string> {
	const { members, own, host, about, text } = options;
	const signed = { signature: text.slice(0, signatureChars), text: text.slice(signatureChars) };
	const { author } = parseJson(Named, signed.text);
	const member = memberOf(members, author);
	const publicKey = author === own.id ? own.key : member?.publicIdentity.ed25519;
	const may = author === host || (member && planners.has(member.role));
	if (!publicKey || !may) throw new CryptoError('bad-signature');
	const statement = await openSigned({ signed, publicKey, context, schema: Statement });
	if (statement.session !== about.session || statement.place !== about.place)
		throw new CryptoError('bad-signature');
	return JSON.stringify(statement.contents);
}
