import { type Bytes, concat, utf8 } from '#crypto/bytes.ts';

// RFC 8794: an element is an id, a size and a body.

/** Longest element that is taken for one: a finished file. */
const elementBytesMax = 2 ** 40;

function idBytes(id: number): Uint8Array {
	const bytes: number[] = [];
	for (let rest = id; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
	return Uint8Array.from(bytes);
}

/** A number as 8 bytes, big-endian. */
function eight(value: number): Bytes {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
	return bytes;
}

/** RFC 8794 §4: a size in as few bytes as it needs; all ones are left free for "unknown". */
function sizeBytes(size: number): Bytes {
	let length = 1;
	while (size >= 2 ** (7 * length) - 1) length++;
	const bytes = eight(size).slice(8 - length);
	bytes[0] = (bytes[0] ?? 0) | (2 ** (8 - length));
	return bytes;
}

/** Id and size of an element whose body follows. */
export function elementHead(id: number, bodyBytes: number): Bytes {
	return concat(idBytes(id), sizeBytes(bodyBytes));
}

/** Id and the unknown size (RFC 8794 §6.2): the body goes on until the file ends. */
export function openElement(id: number): Bytes {
	return concat(idBytes(id), Uint8Array.of(0x01), new Uint8Array(7).fill(0xff));
}

/** A whole element. */
export function element(id: number, ...body: readonly Uint8Array[]): Bytes {
	const bodyBytes = body.reduce((sum, part) => sum + part.length, 0);
	return concat(elementHead(id, bodyBytes), ...body);
}

/** An unsigned integer, always 8 bytes. */
export function uint(id: number, value: number): Bytes {
	return element(id, eight(value));
}

/** A float, 8 bytes. */
export function float(id: number, value: number): Bytes {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setFloat64(0, value);
	return element(id, bytes);
}

/** A text. */
export function text(id: number, value: string): Bytes {
	return element(id, utf8(value));
}

/** An element's head as read: where its body begins and how long it is, null for the unknown size. */
export interface ElementHead {
	readonly id: number;
	readonly body: number;
	readonly bodyBytes: number | null;
}

/** Length of the variable-length integer that begins with this byte, 0 when none does. */
function vintLength(first: number): number {
	return first === 0 ? 0 : Math.clz32(first) - 23;
}

/** The head at `at`, or undefined while bytes are missing. Throws RangeError for what is no EBML. */
export function readHead(bytes: Uint8Array, at: number): ElementHead | undefined {
	const [first] = bytes.subarray(at, at + 1);
	if (first === undefined) return undefined;
	const idLength = vintLength(first);
	if (idLength === 0 || idLength > 4) throw new RangeError('no element id');
	const [sizeFirst] = bytes.subarray(at + idLength, at + idLength + 1);
	if (sizeFirst === undefined) return undefined;
	const sizeLength = vintLength(sizeFirst);
	if (sizeLength === 0) throw new RangeError('no element size');
	const body = at + idLength + sizeLength;
	if (bytes.length < body) return undefined;
	const id = readUint(bytes.subarray(at, at + idLength));
	const marker = 2 ** (8 - sizeLength);
	const rest = bytes.subarray(at + idLength + 1, body);
	const unknown = sizeFirst === 2 * marker - 1 && rest.every((byte) => byte === 0xff);
	if (unknown) return { id, body, bodyBytes: null };
	const bodyBytes = readUint(Uint8Array.of(sizeFirst - marker, ...rest));
	if (bodyBytes > elementBytesMax) throw new RangeError('element too long');
	return { id, body, bodyBytes };
}

/** The unsigned integer of a body. */
export function readUint(body: Uint8Array): number {
	return body.reduce((value, byte) => value * 256 + byte, 0);
}
