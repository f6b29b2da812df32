import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, equal, utf8 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import {
	type CpaceInput,
	type CpaceSide,
	type Scalar,
	elementBytes,
	lvCat,
	multiplyShare,
	sampleScalar,
	sessionKey,
	shareOf,
} from './group.ts';

export type { CpaceInput, CpaceSide } from './group.ts';

declare const brand: unique symbol;

/** A key that both sides have if, and only if, both knew the password and saw the same ADs. 64 bytes. */
export type ConfirmedKey = Bytes & { readonly [brand]: 'ConfirmedKey' };

/** Length of a confirmation tag. */
export const tagBytes = 64;

type Role = 'initiator' | 'responder';

/**
 * One run of CPace on one side, with explicit key confirmation (draft-irtf-cfrg-cpace §10.4). A run is used once: its
 * exponent is gone after `meet`, so that nobody can be given two answers to one share.
 */
export class CpaceRun {
	/** What is sent to the other side, with `ad`. 32 bytes. */
	readonly share: Bytes;
	readonly #input: CpaceInput;
	readonly #role: Role;
	readonly #ad: Bytes;
	#scalar: Scalar | undefined;

	constructor(options: CpaceInput & { role: Role; ad: Bytes }) {
		const { prs, ci, sid, role, ad } = options;
		assert(sid.length >= 16, 'a session id is 16 bytes or more');
		this.#input = { prs, ci, sid };
		this.#role = role;
		this.#ad = ad;
		this.#scalar = sampleScalar();
		this.share = shareOf(this.#input, this.#scalar);
	}

	/** Takes the other side's share and AD. Throws `bad-key` for an invalid, neutral or reflected share, TypeError the second time. */
	meet(theirs: CpaceSide): CpaceMeeting {
		const scalar = this.#scalar;
		assert(scalar !== undefined, 'a run is used once');
		this.#scalar = undefined;
		// What I sent myself proves nothing of anybody else.
		if (equal(theirs.share, this.share)) throw new CryptoError('bad-key');
		const mine = { share: this.share, ad: this.#ad };
		const k = multiplyShare(scalar, theirs.share);
		const sides =
			this.#role === 'initiator'
				? { initiator: mine, responder: theirs }
				: { initiator: theirs, responder: mine };
		return new CpaceMeeting({ isk: sessionKey(this.#input, k, sides), mine, theirs });
	}
}

/** Both shares are known; whether both passwords were equal is known after the other's tag. */
export class CpaceMeeting {
	/** Proves to the other side that this one has the key. 64 bytes. */
	readonly tag: Bytes;
	readonly #isk: Bytes;
	readonly #expected: Bytes;

	constructor(options: { isk: Bytes; mine: CpaceSide; theirs: CpaceSide }) {
		const { isk, mine, theirs } = options;
		this.#isk = isk;
		const key = sha512(concat(utf8('CPaceMac'), isk));
		this.tag = tagOf(key, mine);
		this.#expected = tagOf(key, theirs);
	}

	/** The key, when the other side has it too. Throws `open-failed` for every other tag. */
	confirm(tag: Bytes): ConfirmedKey {
		if (!equal(tag, this.#expected) || !isKey(this.#isk)) throw new CryptoError('open-failed');
		return this.#isk;
	}
}

function isKey(bytes: Bytes): bytes is ConfirmedKey {
	return bytes.length === 64;
}

function tagOf(key: Uint8Array, { share, ad }: CpaceSide): Bytes {
	assert(share.length === elementBytes, 'a share is 32 bytes');
	return Uint8Array.from(hmac(sha512, key, lvCat(share, ad)));
}
