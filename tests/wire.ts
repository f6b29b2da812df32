import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A plain client of the protocol for tests: real OPAQUE, real signatures, nothing of the web app. */
export const newId = () => randomBytes(16).toString('base64url');
export const bytesOf = (length: number) => randomBytes(length).toString('base64url');

export interface Key {
	publicKey: string;
	privateKey: KeyObject;
}

export function newKey(): Key {
	const { publicKey, privateKey } = generateKeyPairSync('ed25519');
	return { publicKey: publicKey.export({ format: 'jwk' }).x ?? '', privateKey };
}

/** Ed25519 over `context || 0x00 || message`. */
export function signWith(key: Key, context: string, message: string | Uint8Array): string {
	const framed = Buffer.concat([Buffer.from(`${context}\0`), Buffer.from(message)]);
	return sign(null, framed, key.privateKey).toString('base64url');
}

export function signed(key: Key, context: string, value: unknown) {
	const text = JSON.stringify(value);
	return { text, signature: signWith(key, context, text) };
}

/** The notice of a recorded session, as its host signs it. */
export const signedNotice = (host: Key, session: string, words: object = {}) =>
	signed(host, 'sotto/notice/v1', {
		v: 1,
		practice: 'Riverside Therapy',
		host: 'Dr. Maya Okafor',
		purpose: 'Supervision',
		recorder: 'device',
		openers: 'Dr. Maya Okafor',
		keptUntil: null,
		...words,
		session,
		hostKey: host.publicKey,
	});

export interface Answer {
	status: number;
	headers: Headers;
	/** Parsed JSON, whatever it is. */
	body: any; // oxlint-disable-line typescript/no-explicit-any
}

export interface Call {
	body?: unknown;
	token?: string;
	/** Null = none. */
	origin?: string | null;
	headers?: Record<string, string>;
}

export async function call(
	address: string,
	method: string,
	path: string,
	options: Call = {},
): Promise<Answer> {
	const { body, token, origin = address, headers = {} } = options;
	const binary = body instanceof Uint8Array;
	const response = await fetch(`${address}${path}`, {
		method,
		headers: {
			...(origin !== null && { origin }),
			...(token !== undefined && { authorization: `Bearer ${token}` }),
			...(body !== undefined && {
				'content-type': binary ? 'application/octet-stream' : 'application/json',
			}),
			...headers,
		},
		...(body !== undefined && { body: binary ? Buffer.from(body) : JSON.stringify(body) }),
	});
	const text = await response.text();
	const json = response.headers.get('content-type')?.includes('application/json');
	return {
		status: response.status,
		headers: response.headers,
		body: json ? JSON.parse(text) : text,
	};
}
