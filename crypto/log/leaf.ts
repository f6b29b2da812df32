import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { leafHash } from './tree.ts';

/** What a row of the history says of people and things; null where it says nothing of it. */
export interface Personal {
	readonly who: string | null;
	readonly session: string | null;
	readonly recording: string | null;
	readonly about: string | null;
	/** 16 random bytes, so that nobody can try out who it was. */
	readonly salt: string;
	/** SHA-256 of the sealed reason (`textHash`). */
	readonly reason: string | null;
	/** SHA-256 of what the actor signed (`signedHash`). */
	readonly signed: string | null;
}

/** One row of the history as the log holds it. */
export interface Leaf {
	/** 1, 2, ...: the leaf has index n - 1. */
	readonly n: number;
	/** Milliseconds since 1970. */
	readonly at: number;
	readonly act: string;
	/** `personalHash` of what it says of people. */
	readonly of: string;
}

/** SHA-256 over the canonical JSON of what a row says of people, base64url: without the salt it says nothing. */
export function personalHash(personal: Personal): string {
	const { about, reason, recording, salt, session, signed, who } = personal;
	const said = canonical({ about, reason, recording, salt, session, signed, who });
	return toBase64url(new Uint8Array(sha256(said)));
}

/** The leaf hash of a row: RFC 6962 §2.1 over the canonical JSON {act, at, n, of, v: 1}. */
export function rowHash({ act, at, n, of }: Leaf): Bytes {
	return leafHash(canonical({ act, at, n, of, v: 1 }));
}

/** SHA-256 of a text in UTF-8, base64url. */
export function textHash(text: string): string {
	return toBase64url(new Uint8Array(sha256(new TextEncoder().encode(text))));
}

/** SHA-256 over the canonical JSON of a signed text, base64url. */
export function signedHash({ text, signature }: { text: string; signature: string }): string {
	return toBase64url(new Uint8Array(sha256(canonical({ text, signature }))));
}
