import type { Page } from 'playwright-core';

/** What a thief of the whole profile, at work in a page of the extension, can do with what is stored there. */
export interface Loot {
	/** Every key: algorithm, type, usages, and how an export of it fails. */
	readonly keys: string[];
	/** Statuses of what was asked of the server with them. */
	readonly answers: Record<string, number>;
	/** The first names that the server gave, base64url; empty without any. */
	readonly names: string;
	/** The X25519 secret between our key and the one that sealed these names. */
	readonly secret: number[];
	/** Everything else that is stored, as text. */
	readonly texts: string;
}

interface Found {
	readonly pairs: CryptoKey[];
	texts: string;
	/** Id on the practice's list. */
	device: string;
}

/** Takes everything in a page of the extension and tries it out. */
export async function steal(page: Page, server: string): Promise<Loot> {
	const found = await page.evaluateHandle(takeAll);
	const keys = await page.evaluate(exportAll, found);
	const { answers, token } = await page.evaluate(takeTokens, { found, server });
	const asked = await page.evaluate(askAll, { token, server });
	const { names } = asked;
	const secret = await page.evaluate(derive, { found, names });
	const texts = await found.evaluate((all) => all.texts);
	await found.dispose();
	return { keys, answers: { ...answers, ...asked.answers }, names, secret, texts };
}

// What follows runs inside the page, and uses the platform only.

async function takeAll(): Promise<Found> {
	const done = <T>(request: IDBRequest<T>) =>
		new Promise<T>((resolve, reject) => {
			request.addEventListener('success', () => resolve(request.result));
			request.addEventListener('error', () => reject(request.error));
		});
	const local = JSON.stringify(await chrome.storage.local.get());
	const found: Found = { pairs: [], texts: local, device: '' };
	const walk = (value: unknown): void => {
		if (value instanceof CryptoKey) found.pairs.push(value);
		else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
			for (const [name, inner] of Object.entries(value)) {
				if (name === 'device' && typeof inner === 'string') found.device = inner;
				walk(inner);
			}
	};
	for (const { name = '' } of await indexedDB.databases()) {
		const db = await done(indexedDB.open(name));
		for (const table of db.objectStoreNames) {
			const rows = await done(db.transaction(table).objectStore(table).getAll());
			walk(rows);
			found.texts += JSON.stringify(rows);
		}
		db.close();
	}
	return found;
}

function exportAll({ pairs }: Found): Promise<string[]> {
	const exported = async (key: CryptoKey): Promise<string> => {
		try {
			await crypto.subtle.exportKey('pkcs8', key);
			return 'exported';
		} catch (error) {
			return error instanceof DOMException ? error.name : String(error);
		}
	};
	return Promise.all(
		pairs.map(async (key) =>
			[key.algorithm.name, key.type, key.usages.join(), await exported(key)].join(' '),
		),
	);
}

async function takeTokens({ found, server }: { found: Found; server: string }) {
	const { pairs, device } = found;
	const key = pairs.find(({ algorithm }) => algorithm.name === 'Ed25519');
	const answers: Record<string, number> = {};
	const post = async (path: string, sent: object) => {
		const headers = { 'content-type': 'application/json' };
		const request = { method: 'POST', headers, body: JSON.stringify(sent) };
		const response = await fetch(server + path, request);
		return { status: response.status, body: await response.json() };
	};
	let token = '';
	for (const scope of key ? ['staff', 'presence'] : []) {
		if (!key) break;
		const { nonce } = (await post('/api/device/challenge', { device })).body;
		const { origin } = location;
		const text = `sotto/token/v1\0${origin}\n${scope}\n${nonce}`;
		const bytes = await crypto.subtle.sign('Ed25519', key, new TextEncoder().encode(text));
		const signature = btoa(String.fromCharCode(...new Uint8Array(bytes)))
			.replaceAll('+', '-')
			.replaceAll('/', '_')
			.replaceAll('=', '');
		const asked = { device, nonce, origin, scope, signature };
		const { status, body } = await post('/api/device/token', asked);
		answers[`token ${scope}`] = status;
		if (status === 200) token = body.token;
	}
	return { answers, token };
}

async function askAll({ token, server }: { token: string; server: string }) {
	const answers: Record<string, number> = {};
	let names = '';
	const people = ['me', 'sessions', 'recordings', 'people', 'ice'];
	const paths = token === '' ? [] : [...people, 'presence/devices', 'presence/day'];
	for (const path of paths) {
		const headers = { authorization: `Bearer ${token}` };
		const response = await fetch(`${server}/api/${path}`, { headers });
		answers[`GET /api/${path}`] = response.status;
		const { sessions = [] } = await response.json();
		for (const session of sessions) names ||= session.names ?? '';
	}
	return { answers, names };
}

async function derive({ found, names }: { found: Found; names: string }): Promise<number[]> {
	const key = found.pairs.find(({ algorithm }) => algorithm.name === 'X25519');
	if (names === '' || !key) return [];
	const binary = atob(names.replaceAll('-', '+').replaceAll('_', '/'));
	const bytes = Uint8Array.from(binary, (character) => character.codePointAt(0) ?? 0);
	const theirs = await crypto.subtle.importKey('raw', bytes.slice(1, 33), 'X25519', true, []);
	const algorithm = { name: 'X25519', public: theirs };
	return [...new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 256))];
}
