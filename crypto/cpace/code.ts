import * as v from 'valibot';
import { openGcm, sealGcm } from '#crypto/aead.ts';
import { type Bytes, concat, fromUtf8, random, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { hkdf } from '#crypto/hkdf.ts';
import { type PublicIdentity, encodePublicIdentity } from '#crypto/identity/identity.ts';
import { Id, parseJson } from '#crypto/schema.ts';
import { type ConfirmedKey, type CpaceMeeting, CpaceRun, tagBytes } from './cpace.ts';
import { elementBytes } from './group.ts';

/**
 * An access code as it is read out: 3 digits that route (6 while somebody looks for codes), 6 that are the secret and are
 * never sent.
 */
export interface AccessCode {
	readonly nameplate: string;
	readonly secret: string;
}

/** Length of what each side adds to the session id. */
export const nonceBytes = 16;

/** Six digits, each equally likely. */
export function createCodeSecret(): string {
	// The largest multiple of a million that four bytes can hold.
	const limit = 2 ** 32 - (2 ** 32 % 1_000_000);
	for (;;) {
		const value = new DataView(random(4).buffer).getUint32(0);
		if (value < limit) return String(value % 1_000_000).padStart(6, '0');
	}
}

const secretDigits = 6;

/** The code that somebody typed; spaces, dashes and dots do not count. Throws `bad-encoding` unless it is 9 or 12 digits. */
export function parseCode(text: string): AccessCode {
	// What comes with a copied number: marks of direction and no-break spaces too.
	const digits = text.replaceAll(/[\s.\p{Pd}\p{Cf}]/gu, '');
	if (!/^(?:[0-9]{3}){3,4}$/.test(digits)) throw new CryptoError('bad-encoding');
	return { nameplate: digits.slice(0, -secretDigits), secret: digits.slice(-secretDigits) };
}

/** `123 456 789`. */
export function formatCode({ nameplate, secret }: AccessCode): string {
	return `${nameplate}${secret}`.replaceAll(/(?<=\d)(?=(?:\d{3})+$)/g, ' ');
}

/** What both sides know of a try besides the secret. */
export interface CodeTry {
	readonly code: AccessCode;
	/** The host's random part of the session id, 16 bytes. */
	readonly hostNonce: Bytes;
	/** The participant's, 16 bytes, fresh for each try. */
	readonly nonce: Bytes;
	readonly host: PublicIdentity;
	readonly participant: PublicIdentity;
}

const channel = 'sotto/code/v1';

/** The keys that sign a person's key packages, and her role: nobody can put others in their place without the secret. */
function adOf(role: 'host' | 'participant', identity: PublicIdentity): Bytes {
	return canonical([channel, role, encodePublicIdentity(identity)]);
}

function runOf(one: CodeTry, mine: 'host' | 'participant'): { run: CpaceRun; theirs: Bytes } {
	const { code, hostNonce, nonce, host, participant } = one;
	assert(hostNonce.length === nonceBytes && nonce.length === nonceBytes, 'nonces are 16 bytes');
	const [role, own, other] =
		mine === 'host'
			? (['responder', adOf('host', host), adOf('participant', participant)] as const)
			: (['initiator', adOf('participant', participant), adOf('host', host)] as const);
	const run = new CpaceRun({
		prs: utf8(code.secret),
		ci: canonical([channel, code.nameplate]),
		sid: concat(hostNonce, nonce),
		role,
		ad: own,
	});
	return { run, theirs: other };
}

/** The participant's side of one try. */
export class CodeAttempt {
	/** What is sent first, 32 bytes. It is a random point whatever the secret is. */
	readonly share: Bytes;
	readonly #run: CpaceRun;
	readonly #theirs: Bytes;

	/** Throws TypeError on nonces of another length. */
	constructor(one: CodeTry) {
		const { run, theirs } = runOf(one, 'participant');
		this.#run = run;
		this.#theirs = theirs;
		this.share = run.share;
	}

	/**
	 * Takes the host's answer; gives the tag that proves the secret to the host, and what opens the host's last word.
	 * Throws `open-failed` when the host has another secret or saw other keys: then nothing more is sent.
	 */
	finish(answer: { share: Bytes; tag: Bytes }): { tag: Bytes; key: ConfirmedKey } {
		const meeting = this.#run.meet({ share: answer.share, ad: this.#theirs });
		return { key: meeting.confirm(answer.tag), tag: meeting.tag };
	}
}

/** The host's side of one try. Making it is answering it. */
export class CodeAnswer {
	readonly share: Bytes;
	readonly tag: Bytes;
	readonly #meeting: CpaceMeeting;

	/** Throws `bad-key` for a share that is no point, neutral or of another length. */
	constructor(one: CodeTry, share: Bytes) {
		const { run, theirs } = runOf(one, 'host');
		this.#meeting = run.meet({ share, ad: theirs });
		this.share = run.share;
		this.tag = this.#meeting.tag;
	}

	/** The key, when the participant had the secret and both saw the same keys. Throws `open-failed` otherwise. */
	confirm(tag: Bytes): ConfirmedKey {
		return this.#meeting.confirm(tag);
	}
}

export { elementBytes as shareBytes, tagBytes };

const PlaceText = v.strictObject({ v: v.literal(1), place: Id });

/** One key seals one text, so the nonce may be fixed. */
async function placeGcm(key: ConfirmedKey) {
	const info = utf8('sotto/code/place/v1');
	const bits = await hkdf({
		hash: 'SHA-512',
		ikm: key,
		salt: new Uint8Array(),
		info,
		lengthBytes: 44,
	});
	return { key: bits.slice(0, 32), nonce: bits.slice(32), aad: info };
}

/** The host's last word of a try: the place that the code is for. A key seals one place. */
export async function sealCodePlace(key: ConfirmedKey, place: string): Promise<Bytes> {
	return sealGcm(await placeGcm(key), canonical({ v: 1, place }));
}

/** The place. Throws `open-failed`, `bad-encoding`. */
export async function openCodePlace(key: ConfirmedKey, sealed: Bytes): Promise<string> {
	return parseJson(PlaceText, fromUtf8(await openGcm(await placeGcm(key), sealed))).place;
}
