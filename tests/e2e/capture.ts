import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
	brotliDecompressSync,
	constants,
	gunzipSync,
	inflateRawSync,
	inflateSync,
	zstdDecompressSync,
} from 'node:zlib';
import type { Recorded } from './proxy.ts';

/** One message, or what is left where no message could be made out; every byte that passed is in some part. */
export interface Part {
	/** In which direction, and what it is. */
	readonly where: string;
	readonly bytes: Buffer;
}

const lineEnd = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');
const flushed = Buffer.from([0, 0, 0xff, 0xff]);

/** Reads one direction of a connection: HTTP/1.1 messages, and WebSocket frames after an upgrade. */
export function partsOf(recorded: Recorded): Part[] {
	return [
		...read(Buffer.concat(recorded.toServer), 'to server'),
		...read(Buffer.concat(recorded.toClient), 'to client'),
	];
}

function read(stream: Buffer, direction: string): Part[] {
	const parts: Part[] = [];
	let at = 0;
	while (at < stream.length) {
		const end = stream.indexOf(headEnd, at);
		if (end < 0) break;
		const head = stream.subarray(at, end + 4);
		const text = head.toString('latin1');
		parts.push({ where: `${direction}, head`, bytes: head });
		at = end + 4;
		if (/^upgrade: *websocket/im.test(text)) return [...parts, ...frames(stream, at, direction)];
		const body = bodyAt(stream, at, text);
		if (body.bytes.length > 0) parts.push({ where: `${direction}, body`, bytes: body.bytes });
		at = body.end;
	}
	if (at < stream.length) parts.push({ where: `${direction}, rest`, bytes: stream.subarray(at) });
	return parts;
}

/** The body of a message without its transfer and content codings. */
function bodyAt(stream: Buffer, at: number, head: string): { bytes: Buffer; end: number } {
	const header = (name: string): string =>
		new RegExp(`^${name}: *(.*?) *\r$`, 'im').exec(head)?.[1]?.toLowerCase() ?? '';
	const isResponse = head.startsWith('HTTP/');
	if (/^HTTP\/1\.1 (?:1\d\d|204|304)/.test(head)) return { bytes: Buffer.alloc(0), end: at };
	const decode = (bytes: Buffer): Buffer => decoded(bytes, header('content-encoding'));
	if (header('transfer-encoding').includes('chunked')) {
		const { bytes, end } = unchunk(stream, at);
		return { bytes: decode(bytes), end };
	}
	const length = header('content-length');
	// An answer to HEAD names a length and brings nothing: the next message begins right here.
	if (isResponse && stream.subarray(at, at + 5).toString() === 'HTTP/')
		return { bytes: Buffer.alloc(0), end: at };
	const end = length ? at + Number(length) : isResponse ? stream.length : at;
	return { bytes: decode(stream.subarray(at, end)), end: Math.min(end, stream.length) };
}

function unchunk(stream: Buffer, from: number): { bytes: Buffer; end: number } {
	const chunks: Buffer[] = [];
	let at = from;
	for (;;) {
		const line = stream.indexOf(lineEnd, at);
		if (line < 0) return { bytes: Buffer.concat(chunks), end: at };
		const size = Number.parseInt(stream.subarray(at, line).toString(), 16);
		if (!(size >= 0)) return { bytes: Buffer.concat(chunks), end: at };
		at = line + 2 + size + 2;
		if (size === 0) return { bytes: Buffer.concat(chunks), end: Math.min(at, stream.length) };
		chunks.push(stream.subarray(line + 2, line + 2 + size));
	}
}

function decoded(bytes: Buffer, coding: string): Buffer {
	try {
		if (coding === 'gzip') return gunzipSync(bytes);
		if (coding === 'br') return brotliDecompressSync(bytes);
		if (coding === 'zstd') return zstdDecompressSync(bytes);
		if (coding === 'deflate') return inflateSync(bytes);
	} catch (error) {
		// Cut off in the middle: what came is searched as it is.
		if (!(error instanceof Error && 'code' in error)) throw error;
	}
	return bytes;
}

/** RFC 6455 frames, unmasked; RFC 7692 messages, inflated in the order in which they came. */
function frames(stream: Buffer, from: number, direction: string): Part[] {
	const messages: { bytes: Buffer[]; deflated: boolean }[] = [];
	let at = from;
	while (at + 2 <= stream.length) {
		const [first = 0, second = 0] = stream.subarray(at, at + 2);
		let length = second & 0x7f;
		let head = at + 2;
		if (length === 126 && head + 2 <= stream.length) length = stream.readUInt16BE(head);
		else if (length === 127 && head + 8 <= stream.length)
			length = Number(stream.readBigUInt64BE(head));
		if (length > 125 || (second & 0x7f) > 125) head += (second & 0x7f) === 127 ? 8 : 2;
		const masked = (second & 0x80) !== 0;
		const mask = masked ? stream.subarray(head, head + 4) : undefined;
		const start = head + (masked ? 4 : 0);
		const payload = Buffer.from(stream.subarray(start, start + length));
		if (mask) for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i % 4] ?? 0;
		const opcode = first & 0x0f;
		if (opcode === 0) messages.at(-1)?.bytes.push(payload);
		else messages.push({ bytes: [payload], deflated: (first & 0x40) !== 0 });
		at = start + length;
	}
	const where = `${direction}, WebSocket`;
	const plain = messages.map(({ bytes }) => ({ where, bytes: Buffer.concat(bytes) }));
	return [...plain, ...inflated(messages, where)];
}

function inflated(
	messages: readonly { bytes: Buffer[]; deflated: boolean }[],
	where: string,
): Part[] {
	const deflated = messages.filter((message) => message.deflated);
	if (deflated.length === 0) return [];
	// One window over all messages; each lost its tail when it was sent.
	const all = Buffer.concat(deflated.flatMap(({ bytes }) => [...bytes, flushed]));
	return [{ where: `${where}, deflated`, bytes: loosely(() => inflateRawSync(all, toTheEnd)) }];
}

const toTheEnd = { finishFlush: constants.Z_SYNC_FLUSH };

function loosely(open: () => Buffer): Buffer {
	try {
		return open();
	} catch (error) {
		if (!(error instanceof Error && 'code' in error)) throw error;
		return Buffer.alloc(0);
	}
}

/** What every visitor gets: the built files. Their bytes are no secret, and the words in them are not anybody's. */
export class Published {
	readonly #hashes = new Set<string>();

	constructor(folder: string) {
		for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
			const path = join(folder, name);
			if (statSync(path).isFile()) this.#hashes.add(hash(readFileSync(path)));
		}
	}

	has({ bytes }: Part): boolean {
		return this.#hashes.has(hash(bytes));
	}
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Every file below a folder. */
export function filesOf(folder: string): Part[] {
	return readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.map((name) => ({ name, path: join(folder, name) }))
		.filter(({ path }) => statSync(path).isFile())
		.flatMap(({ name, path }) => [
			{ where: `file ${name}`, bytes: readFileSync(path) },
			{ where: 'name of a file', bytes: Buffer.from(name) },
		]);
}
