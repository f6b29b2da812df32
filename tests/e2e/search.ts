import { isAscii, isUtf8 } from 'node:buffer';
import { constants, inflateRawSync } from 'node:zlib';
import type { Part } from './capture.ts';

export type Kind =
	| 'password'
	| 'name'
	| 'note'
	| 'sdp'
	| 'ice-address'
	| 'chat'
	| 'key'
	| 'media'
	| 'plaintext';

/** Exact bytes that must not be found. */
export interface Secret {
	readonly kind: Kind;
	readonly bytes: Buffer;
	/** What the report calls it. */
	readonly name: string;
}

export interface Finding {
	readonly kind: Kind;
	readonly name: string;
	readonly where: string;
	/** Some of what is around it, for whoever reads the report. */
	readonly around: string;
}

/** A text as it would be written: UTF-8, and UTF-16 as a string in memory. */
export function text(kind: Kind, value: string, name = kind): Secret[] {
	return [Buffer.from(value), Buffer.from(value, 'utf16le')].map((bytes) => ({
		kind,
		bytes,
		name,
	}));
}

// oxlint-disable no-control-regex -- these are bytes.
/** What gives itself away by its form. */
const forms: readonly { kind: Kind; name: string; form: RegExp }[] = [
	{ kind: 'sdp', name: 'first line of an SDP', form: /v=0\r?\n(?:o|s|t)=/ },
	{ kind: 'sdp', name: 'a=fingerprint', form: /a=fingerprint:/ },
	{ kind: 'sdp', name: 'a=candidate', form: /a=(?:candidate|ice-ufrag|ice-pwd|setup):/ },
	{ kind: 'ice-address', name: 'ICE candidate', form: /candidate:\S+ \d+ (?:udp|tcp) \d+ /i },
	{ kind: 'key', name: 'private key in PEM', form: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
	{ kind: 'key', name: 'private JWK', form: /"kty"\s*:\s*"\w+"[^}]*"(?:d|k)"\s*:/ },
	// RFC 8410 §7, around an Ed25519 or X25519 seed.
	{
		kind: 'key',
		name: 'private key in PKCS #8',
		form: /\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65[\x6e\x70]\x04\x22\x04\x20/,
	},
	{ kind: 'media', name: 'head of a WebM', form: /\x1a\x45\xdf\xa3[^]{1,12}\x42\x86\x81/ },
	{ kind: 'media', name: 'head of an Opus stream', form: /OpusHead[\x01-\x0f]/ },
	{ kind: 'media', name: 'page of an Ogg', form: /OggS\0[\0-\x07]/ },
	{ kind: 'media', name: 'IVF', form: /DKIF\0\0 \0/ },
];

// oxlint-enable no-control-regex

/** RFC 6386 §9.1: the frame tag of a shown key frame, the start code, and dimensions that a camera has. */
function vp8KeyFrame(bytes: Buffer): number {
	for (let at = bytes.indexOf('9d012a', 3, 'hex'); at >= 0;) {
		const tag = bytes[at - 3] ?? 1;
		const fits = at + 7 <= bytes.length;
		const width = fits ? bytes.readUInt16LE(at + 3) & 0x3fff : 0;
		const height = fits ? bytes.readUInt16LE(at + 5) & 0x3fff : 0;
		const picture = width >= 16 && width <= 4096 && height >= 16 && height <= 4096;
		if ((tag & 1) === 0 && (tag & 0x10) !== 0 && picture) return at;
		at = bytes.indexOf('9d012a', at + 1, 'hex');
	}
	return -1;
}

const depthMax = 4;

/** Looks for secrets in bytes, and in everything that the bytes can be decoded to. */
export class Search {
	readonly #secrets: readonly Secret[];
	/** By its first four bytes: thousands of secrets cost one look at each place. */
	readonly #index = new Map<number, Secret[]>();
	/** Bytes looked at, decodings included. */
	searched = 0;

	constructor(secrets: readonly Secret[]) {
		this.#secrets = secrets.filter(({ bytes }) => bytes.length >= 4);
		if (this.#secrets.length < secrets.length)
			throw new TypeError('a secret of less than four bytes is found everywhere');
		for (const secret of this.#secrets) {
			const first = secret.bytes.readUInt32BE(0);
			this.#index.set(first, [...(this.#index.get(first) ?? []), secret]);
		}
	}

	/** Everything that is found in any of the parts; each secret once a part. */
	in(parts: Iterable<Part>): Finding[] {
		const findings: Finding[] = [];
		for (const { where, bytes } of parts)
			for (const layer of layers(bytes))
				findings.push(...this.#look(layer.bytes, where + layer.how));
		return findings;
	}

	#look(bytes: Buffer, where: string): Finding[] {
		this.searched += bytes.length;
		const found = new Map<string, Finding>();
		const add = (kind: Kind, name: string, at: number): void => {
			const around = bytes.subarray(Math.max(0, at - 40), at + 60).toString('latin1');
			found.set(name, { kind, name, where, around: around.replaceAll(/[^ -~]/g, '.') });
		};
		let window = 0;
		for (let at = 0; at < bytes.length; at++) {
			window = ((window << 8) | (bytes[at] ?? 0)) >>> 0;
			if (at < 3) continue;
			for (const { kind, name, bytes: secret } of this.#index.get(window) ?? [])
				if (secret.equals(bytes.subarray(at - 3, at - 3 + secret.length))) add(kind, name, at - 3);
		}
		const latin = bytes.toString('latin1');
		for (const { kind, name, form } of forms) {
			const at = latin.search(form);
			if (at >= 0) add(kind, name, at);
		}
		const frame = vp8KeyFrame(bytes);
		if (frame >= 0) add('media', 'key frame of VP8', frame);
		return [...found.values()];
	}
}

interface Layer {
	readonly bytes: Buffer;
	readonly how: string;
}

/** The bytes themselves, and what they become when they are decoded, again and again. */
function* layers(bytes: Buffer, how = '', depth = 0): Generator<Layer> {
	yield { bytes, how };
	if (depth === depthMax) return;
	const { inflated, texts, tokens } = decodings(bytes);
	for (const inner of inflated) yield* layers(inner, `${how} > inflated`, depth + 1);
	// Decoded texts go side by side into one: thousands of small layers would each be looked through alone.
	for (const [name, inner] of [...texts, ...tokens])
		if (inner.length > 0) yield* layers(inner, `${how} > ${name}`, depth + 1);
}

const gap = Buffer.from('\n\n');

function decodings(bytes: Buffer) {
	const latin = bytes.toString('latin1');
	const texts: [string, Buffer][] = [];
	if (/\\(?:u[0-9a-f]{4}|["\\/bfnrt])/i.test(latin)) texts.push(['unescaped', unescape(latin)]);
	if (/%[0-9a-f]{2}/i.test(latin)) texts.push(['percent', percent(latin)]);
	const narrow = narrowed(bytes);
	if (narrow) texts.push(['narrowed', narrow]);
	const base64: Buffer[][] = [[], [], [], []];
	for (const [run] of latin.matchAll(/[A-Za-z0-9+/_-]{12,}/g))
		// A run may begin before the encoded text does, with a slash or a prefix.
		for (const skip of [0, 1, 2, 3])
			base64[skip]?.push(Buffer.from(run.slice(skip), 'base64'), gap);
	const hex: Buffer[][] = [[], []];
	for (const [run] of latin.matchAll(/[0-9a-fA-F]{12,}/g))
		for (const skip of [0, 1]) hex[skip]?.push(Buffer.from(run.slice(skip), 'hex'), gap);
	const tokens: [string, Buffer][] = [
		...base64.map((list): [string, Buffer] => ['base64', Buffer.concat(list)]),
		...hex.map((list): [string, Buffer] => ['hex', Buffer.concat(list)]),
	];
	return { inflated: inflatedIn(bytes), texts, tokens };
}

/** RFC 1952 and RFC 1950 anywhere in the bytes, whatever follows them. */
function inflatedIn(bytes: Buffer): Buffer[] {
	const starts = [...placesOf(bytes, '1f8b08')].map((at) => at + gzipHead(bytes, at));
	for (const head of ['7801', '785e', '789c', '78da'])
		for (const at of placesOf(bytes, head)) starts.push(at + 2);
	return starts.map((at) => inflate(bytes.subarray(at))).filter((inner) => inner.length > 0);
}

function* placesOf(bytes: Buffer, hex: string): Generator<number> {
	for (let at = bytes.indexOf(hex, 0, 'hex'); at >= 0; at = bytes.indexOf(hex, at + 1, 'hex'))
		yield at;
}

function gzipHead(bytes: Buffer, at: number): number {
	const flags = bytes[at + 3] ?? 0;
	let end = at + 10;
	if (flags & 4) end += 2 + (end + 2 <= bytes.length ? bytes.readUInt16LE(end) : 0);
	for (const named of [8, 16]) if (flags & named) end = bytes.indexOf(0, end) + 1;
	return end + (flags & 2) - at;
}

function inflate(bytes: Buffer): Buffer {
	try {
		return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
	} catch (error) {
		// Bytes that look like the head of compressed ones are not always that.
		if (!(error instanceof Error && 'code' in error)) throw error;
		return Buffer.alloc(0);
	}
}

/** UTF-8 whose characters all stand for one byte: how binary looks that was treated as text. */
function narrowed(bytes: Buffer): Buffer | undefined {
	if (!isUtf8(bytes) || isAscii(bytes)) return undefined;
	const characters = bytes.toString();
	return /^[\0-\xff]*$/.test(characters) ? Buffer.from(characters, 'latin1') : undefined;
}

const escapes: Readonly<Record<string, string>> = {
	b: '\b',
	f: '\f',
	n: '\n',
	r: '\r',
	t: '\t',
};

function unescape(latin: string): Buffer {
	const plain = latin.replaceAll(
		/\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g,
		(_all, code: string | undefined, short = '') =>
			code === undefined
				? (escapes[short] ?? short)
				: Buffer.from(String.fromCharCode(Number.parseInt(code, 16))).toString('latin1'),
	);
	return Buffer.from(plain, 'latin1');
}

function percent(latin: string): Buffer {
	const plain = latin
		.replaceAll('+', ' ')
		.replaceAll(/%([0-9a-fA-F]{2})/g, (_all, code: string) =>
			String.fromCharCode(Number.parseInt(code, 16)),
		);
	return Buffer.from(plain, 'latin1');
}
