import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, equal, fromHex, toHex, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { verifyUnframed } from '#crypto/identity/signing.ts';
import type { TreeHead } from './tree.ts';

/** Who signs notes, as a `vkey` of C2SP signed-note says. */
export interface NoteKey {
	/** Without spaces and plus signs. */
	readonly name: string;
	/** 4 bytes: the beginning of SHA-256(name || 0x0A || 0x01 || key). */
	readonly id: Bytes;
	/** Ed25519, 32 bytes. */
	readonly publicKey: Bytes;
}

/** A head of the log that was signed (C2SP tlog-checkpoint). */
export interface Checkpoint extends TreeHead {
	/** The name of the log; the name of the key is the same. */
	readonly origin: string;
}

// C2SP signed-note: the byte before an Ed25519 key.
const ed25519 = 1;
const signatureBytes = 64;
const noteCharsMax = 8192;

/** The key of `name+id+base64(0x01 || key)`. Throws `bad-key`. */
export function parseNoteKey(text: string): NoteKey {
	const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
	if (name === undefined || id === undefined || encoded === undefined)
		throw new CryptoError('bad-key');
	const bytes = fromBase64(encoded, 'bad-key');
	const publicKey = bytes.slice(1);
	if (bytes[0] !== ed25519 || publicKey.length !== 32) throw new CryptoError('bad-key');
	if (toHex(noteKeyId(name, publicKey)) !== id) throw new CryptoError('bad-key');
	return { name, id: fromHex(id), publicKey };
}

/** The 4 bytes that name a key in a note (C2SP signed-note). */
export function noteKeyId(name: string, publicKey: Bytes): Bytes {
	const named = concat(utf8(name), Uint8Array.of(0x0a, ed25519), publicKey);
	return new Uint8Array(sha256(named).slice(0, 4));
}

/**
 * The text of a signed note (C2SP signed-note), its last line break with it, after the signature of `key` was checked;
 * signatures of others, as witnesses add them, are passed over. Throws `bad-signature`.
 */
export async function openNote(note: string, key: NoteKey): Promise<string> {
	if (note.length > noteCharsMax || !note.isWellFormed()) throw new CryptoError('bad-signature');
	// The signatures come after the last empty line.
	const end = note.lastIndexOf('\n\n');
	if (end < 0 || !note.endsWith('\n')) throw new CryptoError('bad-signature');
	const text = note.slice(0, end + 1);
	const lines = note.slice(end + 2, -1).split('\n');
	const [signature] = lines.flatMap((line) => signatureOf(line, key));
	const { publicKey } = key;
	if (!signature || !(await verifyUnframed({ publicKey, message: utf8(text), signature })))
		throw new CryptoError('bad-signature');
	return text;
}

/** The checkpoint (C2SP tlog-checkpoint) of a note. Throws as `openNote`, then `bad-encoding`. */
export async function openCheckpoint(note: string, key: NoteKey): Promise<Checkpoint> {
	return parseCheckpoint(await openNote(note, key), key.name);
}

/**
 * Who a checkpoint says that it is signed by, as `name+id` of its log's own signature; undefined for what is no
 * checkpoint at all. Nothing is verified.
 */
export function claimedSigner(note: string): string | undefined {
	const end = note.lastIndexOf('\n\n');
	if (note.length > noteCharsMax || end < 0 || !note.endsWith('\n')) return undefined;
	const text = note.slice(0, end + 1);
	try {
		const { origin } = parseCheckpoint(text, text.slice(0, text.indexOf('\n')));
		for (const line of note.slice(end + 2, -1).split('\n')) {
			const [, name, encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
			const bytes = fromBase64(encoded, 'bad-encoding');
			if (name === origin && bytes.length === 4 + signatureBytes)
				return `${name}+${toHex(bytes.slice(0, 4))}`;
		}
	} catch (error) {
		if (!(error instanceof CryptoError)) throw error;
	}
	return undefined;
}

function signatureOf(line: string, key: NoteKey): Bytes[] {
	const [, name, encoded] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
	if (name !== key.name || encoded === undefined) return [];
	const bytes = fromBase64(encoded, 'bad-signature');
	return equal(bytes.slice(0, 4), key.id) ? [bytes.slice(4)] : [];
}

function parseCheckpoint(text: string, name: string): Checkpoint {
	const [origin = '', size = '', root = ''] = text.split('\n');
	// C2SP tlog-checkpoint: ASCII decimal, no leading zeroes.
	if (origin !== name || !/^(?:0|[1-9]\d{0,15})$/.test(size)) throw new CryptoError('bad-encoding');
	const bytes = fromBase64(root, 'bad-encoding');
	if (bytes.length !== 32 || !Number.isSafeInteger(Number(size)))
		throw new CryptoError('bad-encoding');
	return { origin, size: Number(size), root: bytes };
}

/** RFC 4648 §4 with padding, which these formats use. */
function fromBase64(text: string, code: 'bad-key' | 'bad-signature' | 'bad-encoding'): Bytes {
	try {
		const binary = atob(text);
		if (btoa(binary) !== text) throw new CryptoError(code);
		return Uint8Array.from(binary, (character) => character.charCodeAt(0));
	} catch (cause) {
		throw new CryptoError(code, { cause });
	}
}
