import * as v from 'valibot';
import { type Bytes, equal, fromUtf8, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { nineDigits } from '#crypto/safety/nine.ts';
import { Id, bytesText, canonicalText, parseJson } from '#crypto/schema.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import type { XWingSeed } from '#crypto/seal/xwing.ts';
import { type AccountKey, toAccountKey } from './key.ts';

const context = 'sotto/browser/v1';
const quantumBytes = 512;
const nonceBytes = 32;

/** What a browser that asks to be let in shows of itself, once the open one has answered its commitment. */
export interface AskingBrowser {
	/** X-Wing, 1,216 bytes, for this one time. */
	readonly xwing: Bytes;
	/** Ed25519 of the device that it becomes, 32 bytes. */
	readonly publicKey: Bytes;
	/** What lists call it. */
	readonly name: string;
	/** 32 random bytes. */
	readonly nonce: Bytes;
}

/** What a browser where a member is signed in answers with. */
export interface OpenBrowser {
	/** Id of the practice. */
	readonly practice: string;
	/** Id of the member. */
	readonly member: string;
	/** The member's Ed25519 key, 32 bytes. */
	readonly identity: Bytes;
	/** 32 random bytes. */
	readonly nonce: Bytes;
}

/** Everything that the two browsers must have in common; the server carries all of it. */
export interface Meeting {
	/** Id of the request. */
	readonly request: string;
	/** As the new browser shows it and somebody types it into the open one. */
	readonly code: string;
	readonly asking: AskingBrowser;
	readonly open: OpenBrowser;
}

/** What the open browser hands over: the account key, and what a first sign-in would take on trust. */
export interface Handed extends Pins {
	readonly accountKey: AccountKey;
}

/** The practice as a browser of hers knows it. */
export interface Pins {
	/** Ed25519 of the practice, 32 bytes. */
	readonly practiceKey: Bytes;
	/** OPAQUE key of the server. */
	readonly serverKey: string;
	/** The newest member list that was seen: its version, and SHA-256 of its text. */
	readonly list: { readonly version: number; readonly hash: Bytes };
}

/** A fresh one-time key and nonce for a browser with this device key and name; the seed stays in its memory. */
export async function askAs(
	browser: Pick<AskingBrowser, 'publicKey' | 'name'>,
): Promise<{ asking: AskingBrowser; seed: XWingSeed }> {
	// Its library is large, and the page to sign in seldom needs it.
	const { createXWingKey } = await import('#crypto/seal/xwing.ts');
	const { publicKey: xwing, seed } = await createXWingKey();
	return { asking: { ...browser, xwing, nonce: newNonce() }, seed };
}

/** The share of either side in the digits. */
export const newNonce = (): Bytes => random(nonceBytes);

/**
 * SHA-256 over all that the asking browser will show. The open browser has it before it answers, so that nobody
 * in between can choose keys that fit the digits.
 */
export async function commitmentTo(asking: AskingBrowser): Promise<Bytes> {
	return sha256(canonical(['sotto/browser-commitment/v1', ...partsOf(asking)]));
}

/** Whether `asking` is what `commitment` was made of. */
export async function isCommitted(asking: AskingBrowser, commitment: Bytes): Promise<boolean> {
	return equal(await commitmentTo(asking), commitment);
}

/** Nine digits that both browsers show: whoever sees the same ones has the same request, member and keys. */
export async function meetingDigits(meeting: Meeting): Promise<string> {
	const text = canonical(['sotto/browser-digits/v1', toBase64url(await hashOf(meeting))]);
	return nineDigits(new Uint8Array(await crypto.subtle.digest('SHA-512', text)));
}

/** What is sealed for the new browser, and the member's word for it. */
export interface LetIn {
	readonly sealed: Bytes;
	readonly signed: Signed;
}

/**
 * Hands over to the browser of this meeting: HPKE (RFC 9180) to its one-time key, padded to 512 bytes, and a statement
 * of the member's identity over the sealed bytes, the meeting and the device key. Call it only after somebody has
 * compared the digits. Throws `bad-key` when the one-time key is none.
 */
export async function letBrowserIn(options: {
	meeting: Meeting;
	/** The member's identity. */
	key: SigningKey;
	handed: Handed;
}): Promise<LetIn> {
	const { meeting, key, handed } = options;
	const { accountKey, practiceKey, serverKey, list } = handed;
	const value = {
		v: 1,
		accountKey: toBase64url(toAccountKey(accountKey)),
		practiceKey: toBase64url(practiceKey),
		serverKey,
		list: { version: list.version, hash: toBase64url(list.hash) },
	};
	const sealed = await sealTo({
		to: { xwing: meeting.asking.xwing },
		info: context,
		aad: await hashOf(meeting),
		plaintext: utf8(canonicalText(value)),
		quantumBytes,
	});
	return { sealed, signed: await signJson({ key, context, value: await saidOf(meeting, sealed) }) };
}

const Said = v.strictObject({
	v: v.literal(1),
	member: Id,
	request: Id,
	publicKey: bytesText(32),
	meeting: bytesText(32),
	sealed: bytesText(32),
});

const Content = v.strictObject({
	v: v.literal(1),
	accountKey: bytesText(32),
	practiceKey: bytesText(32),
	serverKey: v.string(),
	list: v.strictObject({
		version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
		hash: bytesText(32),
	}),
});

/**
 * Opens what `letBrowserIn` made for this meeting. Call it only after somebody has compared the digits: they are what
 * says whose identity it is. Throws `bad-signature` (another member, another meeting or other bytes), `open-failed`,
 * `not-a-recipient`, `truncated`, `unknown-version`, `bad-encoding`.
 */
export async function openHanded(
	options: LetIn & { meeting: Meeting; seed: XWingSeed },
): Promise<Handed> {
	const { meeting, seed, sealed, signed } = options;
	const publicKey = meeting.open.identity;
	await openSigned({ signed, publicKey, context, schema: Said });
	if (signed.text !== canonicalText(await saidOf(meeting, sealed)))
		throw new CryptoError('bad-signature');
	const aad = await hashOf(meeting);
	const text = await openSealed({ opener: { xwing: seed }, info: context, aad, sealed });
	const { v: _, ...content } = parseJson(Content, fromUtf8(text));
	return { ...content, accountKey: toAccountKey(content.accountKey) };
}

async function saidOf(meeting: Meeting, sealed: Bytes) {
	return {
		v: 1,
		member: meeting.open.member,
		request: meeting.request,
		publicKey: toBase64url(meeting.asking.publicKey),
		meeting: toBase64url(await hashOf(meeting)),
		sealed: toBase64url(await sha256(sealed)),
	};
}

async function hashOf({ request, code, asking, open }: Meeting): Promise<Bytes> {
	const answer = [open.practice, open.member, toBase64url(open.identity), toBase64url(open.nonce)];
	return sha256(
		canonical(['sotto/browser-meeting/v1', request, code, ...partsOf(asking), ...answer]),
	);
}

function partsOf({ xwing, publicKey, name, nonce }: AskingBrowser): string[] {
	// A nonce of another length could make up for what stands beside it.
	if (nonce.length !== nonceBytes || publicKey.length !== 32) throw new CryptoError('bad-key');
	return [toBase64url(xwing), toBase64url(publicKey), name, toBase64url(nonce)];
}
