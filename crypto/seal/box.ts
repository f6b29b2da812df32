import { type Bytes, concat } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';

/** To what kind of public key a box is sealed. */
export type Suite = 'x25519' | 'xwing';

/** A sealed box taken apart. */
export interface Box {
	readonly suite: Suite;
	/** The encapsulated key of RFC 9180: 32 or 1,120 bytes. */
	readonly enc: Bytes;
	/** Ciphertext and tag. */
	readonly ciphertext: Bytes;
}

const version = 1;
const tagBytes = 16;
/** Every plaintext begins with its own length, so the shortest ciphertext is this long. */
const ciphertextBytesMin = 4 + tagBytes;
const suites = { x25519: { id: 1, encBytes: 32 }, xwing: { id: 2, encBytes: 1120 } } as const;

/** A box as one byte string: version 1, suite (1 X25519, 2 X-Wing), encapsulated key, ciphertext. */
export function encodeBox(box: Box): Bytes {
	const { id } = suites[box.suite];
	return concat(Uint8Array.of(version, id), box.enc, box.ciphertext);
}

/** The parts of a box. Throws `truncated` when it is too short to be one, `unknown-version` for another version or suite. */
export function decodeBox(bytes: Bytes): Box {
	const [first, second] = bytes;
	if (first === undefined || second === undefined) throw new CryptoError('truncated');
	const suite = suiteOf(second);
	if (first !== version || suite === undefined) throw new CryptoError('unknown-version');
	const bodyAt = 2 + suites[suite].encBytes;
	if (bytes.length < bodyAt + ciphertextBytesMin) throw new CryptoError('truncated');
	return { suite, enc: bytes.slice(2, bodyAt), ciphertext: bytes.slice(bodyAt) };
}

function suiteOf(id: number): Suite | undefined {
	if (id === suites.x25519.id) return 'x25519';
	return id === suites.xwing.id ? 'xwing' : undefined;
}

/** The suite that has encapsulated keys of this length. Throws `bad-encoding` when none has. */
export function suiteOfEnc(enc: Bytes): Suite {
	if (enc.length === suites.x25519.encBytes) return 'x25519';
	if (enc.length === suites.xwing.encBytes) return 'xwing';
	throw new CryptoError('bad-encoding');
}
