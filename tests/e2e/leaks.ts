import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';

/** Ways to write bytes down so that they are not seen at once. */
export const encodings: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
	plain: (bytes) => bytes,
	base64: (bytes) => Buffer.from(bytes.toString('base64')),
	'base64url behind one byte': (bytes) =>
		Buffer.from(Buffer.concat([Buffer.from('x'), bytes]).toString('base64url')),
	'base64url behind two bytes': (bytes) =>
		Buffer.from(Buffer.concat([Buffer.from('xy'), bytes]).toString('base64url')),
	'base64url in a path': (bytes) => Buffer.from(`/a/b${bytes.toString('base64url')}`),
	hex: (bytes) => Buffer.from(bytes.toString('hex')),
	gzip: (bytes) => gzipSync(bytes),
	'gzip in base64': (bytes) => Buffer.from(gzipSync(bytes).toString('base64')),
	'JSON in base64 in JSON': (bytes) =>
		Buffer.from(
			JSON.stringify({
				value: Buffer.from(JSON.stringify({ value: bytes.toString('latin1') })).toString('base64'),
			}),
		),
};

/** Ways to send them; each gives the bytes for a connection of its own. */
export const carriers: Readonly<Record<string, (bytes: Buffer, host: string) => Buffer>> = {
	body: (bytes, host) =>
		Buffer.concat([
			head(host, 'POST /api/login/start', `content-length: ${bytes.length}`),
			bytes,
			head(host, 'GET /api/config'),
		]),
	'body in chunks': (bytes, host) => {
		const half = Math.floor(bytes.length / 2);
		return Buffer.concat([
			head(host, 'POST /api/login/start', 'transfer-encoding: chunked'),
			chunk(bytes.subarray(0, half)),
			chunk(bytes.subarray(half)),
			Buffer.from('0\r\n\r\n'),
		]);
	},
	'compressed body': (bytes, host) => {
		const body = gzipSync(bytes);
		const lines = `content-encoding: gzip\r\ncontent-length: ${body.length}`;
		return Buffer.concat([head(host, 'POST /api/login/start', lines), body]);
	},
	path: (bytes, host) => {
		const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
		return head(host, `GET /j/${escaped}`);
	},
	'masked WebSocket message': (bytes, host) =>
		Buffer.concat([upgrade(host), frame({ opcode: 1, last: true, bytes })]),
	'WebSocket message in fragments': (bytes, host) => {
		const half = Math.floor(bytes.length / 2);
		return Buffer.concat([
			upgrade(host),
			frame({ opcode: 2, last: false, bytes: bytes.subarray(0, half) }),
			frame({ opcode: 0, last: true, bytes: bytes.subarray(half) }),
		]);
	},
	'deflated WebSocket message': (bytes, host) => {
		const flush = { finishFlush: constants.Z_SYNC_FLUSH };
		const deflated = deflateRawSync(bytes, flush).subarray(0, -4);
		return Buffer.concat([upgrade(host), frame({ opcode: 0x41, last: true, bytes: deflated })]);
	},
};

function chunk(part: Buffer): Buffer {
	return Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
}

function head(host: string, what: string, more = 'accept: */*'): Buffer {
	return Buffer.from(`${what} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n\r\n`);
}

function upgrade(host: string): Buffer {
	const key = randomBytes(16).toString('base64');
	const lines = [
		'upgrade: websocket',
		'connection: Upgrade',
		`origin: http://${host}`,
		`sec-websocket-key: ${key}`,
		'sec-websocket-version: 13',
	];
	return head(host, 'GET /api/socket', lines.join('\r\n'));
}

/** A frame of a client: always masked (RFC 6455 §5.3). */
function frame(options: { opcode: number; last: boolean; bytes: Buffer }): Buffer {
	const { opcode, last, bytes } = options;
	const { length } = bytes;
	const size =
		length < 126
			? Buffer.of(0x80 | length)
			: length < 65_536
				? Buffer.of(0xfe, length >> 8, length & 0xff)
				: Buffer.of(
						0xff,
						0,
						0,
						0,
						0,
						length >>> 24,
						(length >> 16) & 0xff,
						(length >> 8) & 0xff,
						length & 0xff,
					);
	const mask = randomBytes(4);
	const masked = Buffer.from(bytes.map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
	return Buffer.concat([Buffer.of((last ? 0x80 : 0) | opcode), size, mask, masked]);
}

/** Sends bytes to an origin as they are, and waits for the end of what comes back. */
export async function leak(origin: string, bytes: Buffer): Promise<void> {
	const { port } = new URL(origin);
	await new Promise<void>((resolve) => {
		const socket = connect(Number(port), 'localhost', () => socket.end(bytes));
		socket.setTimeout(2000, () => socket.destroy());
		socket.on('error', () => {});
		socket.on('close', () => resolve());
		socket.resume();
	});
}

/** Real media: a second of VP8 and Opus as WebM, and the first frame of it alone. */
export function media(): { webm: Buffer; keyFrame: Buffer } {
	const folder = mkdtempSync(join(tmpdir(), 'sotto-leak-'));
	try {
		const make = (name: string, ...args: string[]): Buffer => {
			const path = join(folder, name);
			execFileSync('ffmpeg', [
				'-v',
				'error',
				'-f',
				'lavfi',
				'-i',
				'testsrc=s=320x180:d=1',
				...args,
				path,
			]);
			return readFileSync(path);
		};
		const sound = ['-f', 'lavfi', '-i', 'sine=d=1'];
		const webm = make('a.webm', ...sound, '-c:v', 'libvpx', '-c:a', 'libopus');
		const ivf = make('a.ivf', '-c:v', 'libvpx');
		return { webm, keyFrame: ivf.subarray(44, 44 + ivf.readUInt32LE(32)) };
	} finally {
		rmSync(folder, { recursive: true });
	}
}
