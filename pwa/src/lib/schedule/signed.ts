import * as v from 'valibot';
import type { Bytes } from '#crypto/bytes.ts';
import type { Json } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import type { Former } from '#crypto/members/former.ts';
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

/** Whether somebody with this role writes for sessions of others. */
export const isPlanner = (role: Role): boolean => planners.has(role);

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

/** Whose word contents are. */
export interface Author {
	readonly id: string;
	/** She is no longer what she was when she wrote it; the practice vouches for it. */
	readonly former: boolean;
}

/** Whether the practice vouches for a text that somebody signed while she still was this. */
export type Vouched = (former: Former, text: string) => Promise<boolean>;

/** Contents and their author. */
export interface Opened {
	readonly author: Author;
	/** The JSON object that was signed. */
	readonly text: string;
}

/**
 * The contents that `signContents` signed. Their author has to be the host, or an admin or scheduler of
 * `members`; `own` is believed before a list has it. What somebody wrote who is none of these any more
 * counts only if it is `vouched` for: her signature would fit what she writes now as well. Throws
 * `bad-signature` for every other author, signature, session or place, and `bad-encoding`.
 */
export async function openContents(options: {
	members: MemberList;
	own: { readonly id: string; readonly key: Bytes };
	host: string;
	about: About;
	text: string;
	vouched: Vouched;
}): Promise<Opened> {
	const { members, own, host, about, text, vouched } = options;
	const { author } = parseJson(Named, text.slice(signatureChars));
	const member = memberOf(members, author);
	const may = (role?: Role): boolean => author === host || (role !== undefined && isPlanner(role));
	const publicKey = author === own.id ? own.key : member?.publicIdentity.ed25519;
	if (publicKey && may(member?.role)) {
		const contents = await openBy(publicKey, about, text);
		if (contents !== undefined) return { author: { id: author, former: false }, text: contents };
	}
	for (const former of members.former ?? []) {
		if (former.id !== author || !may(former.role)) continue;
		const contents = await openBy(former.ed25519, about, text);
		if (contents !== undefined && (await vouched(former, text)))
			return { author: { id: author, former: true }, text: contents };
	}
	throw new CryptoError('bad-signature');
}

// Undefined when it is not by this key. Throws `bad-signature` when it is about something else, `bad-encoding`.
async function openBy(publicKey: Bytes, about: About, text: string): Promise<string | undefined> {
	const signed = { signature: text.slice(0, signatureChars), text: text.slice(signatureChars) };
	const statement = await ifSigned(openSigned({ signed, publicKey, context, schema: Statement }));
	if (!statement) return undefined;
	if (statement.session !== about.session || statement.place !== about.place)
		throw new CryptoError('bad-signature');
	return JSON.stringify(statement.contents);
}

/** What was opened, undefined when another key signed it. */
export async function ifSigned<T>(opening: Promise<T>): Promise<T | undefined> {
	try {
		return await opening;
	} catch (error) {
		if (error instanceof CryptoError && error.code === 'bad-signature') return undefined;
		throw error;
	}
}
