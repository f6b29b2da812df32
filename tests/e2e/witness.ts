import type { BrowserContext, Page, Worker } from 'playwright-core';
import type { Secret } from './search.ts';

/** What the witness tells of one page or worker, in base64. */
interface Told {
	readonly keys: string[];
	readonly plaintexts: string[];
	readonly sdp: string[];
}

declare global {
	// oxlint-disable-next-line no-var
	var witnessed: Told | undefined;
}

/** Runs in pages and workers: notes each secret key that WebCrypto gets, and a piece of each frame and segment before it is sealed. */
function witness(): void {
	if (globalThis.witnessed) return;
	const told: Told = { keys: [], plaintexts: [], sdp: [] };
	globalThis.witnessed = told;
	const bytesOf = (data: BufferSource): Uint8Array =>
		ArrayBuffer.isView(data)
			? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
			: new Uint8Array(data);
	const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
	// Zeros and other constants stand for "no key" in key schedules.
	const isRandom = (bytes: Uint8Array): boolean => bytes.length >= 12 && new Set(bytes).size >= 8;
	const nameOf = (algorithm: AlgorithmIdentifier): string =>
		typeof algorithm === 'string' ? algorithm : algorithm.name;
	const { subtle } = crypto;
	const importKey = subtle.importKey.bind(subtle);
	const encrypt = subtle.encrypt.bind(subtle);
	const isBytes = (data: BufferSource | JsonWebKey): data is BufferSource =>
		ArrayBuffer.isView(data) || data instanceof ArrayBuffer;
	const note = (format: string, data: BufferSource | JsonWebKey, name: string): void => {
		if (format === 'jwk') {
			const { d, k } = isBytes(data) ? {} : data;
			for (const value of [d, k])
				if (value) told.keys.push(value.replaceAll('-', '+').replaceAll('_', '/'));
		} else if (isBytes(data) && (format === 'pkcs8' || !/25519|ECD/.test(name))) {
			const bytes = bytesOf(data);
			const key = format === 'pkcs8' ? bytes.slice(-32) : bytes.slice(0, 64);
			if (format !== 'spki' && isRandom(key)) told.keys.push(base64(key));
		}
	};
	Object.assign(subtle, {
		importKey: (...args: Parameters<SubtleCrypto['importKey']>) => {
			const [format, data, algorithm] = args;
			note(format, data, nameOf(algorithm));
			return importKey(...args);
		},
		encrypt: (...args: Parameters<SubtleCrypto['encrypt']>) => {
			const bytes = bytesOf(args[2]);
			const middle = Math.floor(bytes.length / 2);
			const piece = bytes.slice(middle, middle + 16);
			// What a page seals are messages and groups, which hold public keys that go in the clear as well.
			const isMedia = !('document' in globalThis);
			if (isMedia && piece.length === 16 && isRandom(piece)) told.plaintexts.push(base64(piece));
			return encrypt(...args);
		},
	});
	if (!('RTCPeerConnection' in globalThis)) return;
	// oxlint-disable-next-line typescript/unbound-method
	const { setLocalDescription } = RTCPeerConnection.prototype;
	Object.assign(RTCPeerConnection.prototype, {
		async setLocalDescription(this: RTCPeerConnection, ...args: [RTCSessionDescriptionInit?]) {
			this.addEventListener('icecandidate', ({ candidate }) => {
				if (candidate) told.sdp.push(candidate.candidate);
			});
			await Reflect.apply(setLocalDescription, this, args);
			told.sdp.push(this.localDescription?.sdp ?? '');
		},
	});
}

/** Sees what the pages of a context and their workers do in the clear; nothing of the app knows of it. */
export class Witness {
	readonly keys = new Set<string>();
	readonly plaintexts = new Set<string>();
	readonly sdp = new Set<string>();
	readonly #ears = new Set<() => Promise<Told | undefined>>();

	static async of(context: BrowserContext): Promise<Witness> {
		const self = new Witness();
		await context.addInitScript(witness);
		const watch = (page: Page): void => {
			self.#ears.add(() => page.evaluate(() => globalThis.witnessed));
			page.on('worker', (worker: Worker) => {
				const ear = () => worker.evaluate(() => globalThis.witnessed);
				void worker
					.evaluate(witness)
					.then(() => self.#ears.add(ear))
					.catch(() => {});
				worker.on('close', () => self.#ears.delete(ear));
			});
		};
		context.on('page', watch);
		for (const page of context.pages()) watch(page);
		return self;
	}

	/** Notes down what was seen so far: before a page is left, because it forgets. */
	async listen(): Promise<void> {
		for (const ear of this.#ears) {
			// Gone meanwhile.
			const told = await ear().catch(() => undefined);
			for (const key of told?.keys ?? []) this.keys.add(key);
			for (const piece of told?.plaintexts ?? []) this.plaintexts.add(piece);
			for (const line of told?.sdp ?? []) this.sdp.add(line);
		}
	}

	secrets(): Secret[] {
		const bytes = (value: string): Buffer => Buffer.from(value, 'base64');
		return [
			...[...this.keys].map((key): Secret => ({
				kind: 'key',
				name: 'a key that WebCrypto got',
				bytes: bytes(key),
			})),
			...[...this.plaintexts].map((piece): Secret => ({
				kind: 'plaintext',
				name: 'what was sealed',
				bytes: bytes(piece),
			})),
			...this.#connections(),
		];
	}

	/** Addresses, passwords and fingerprints of the peer connections. */
	#connections(): Secret[] {
		const all = [...this.sdp].join('\r\n');
		const values = (kind: 'sdp' | 'ice-address', form: RegExp): Secret[] =>
			[...new Set([...all.matchAll(form)].map(([, value = '']) => value))]
				.filter((value) => value.length >= 4 && !['127.0.0.1', '0.0.0.0'].includes(value))
				.map((value) => ({ kind, name: `${kind} of a page`, bytes: Buffer.from(value) }));
		return [
			...values('sdp', /a=ice-ufrag:(\S+)/g),
			...values('sdp', /a=ice-pwd:(\S+)/g),
			...values('sdp', /a=fingerprint:sha-256 (\S+)/g),
			...values('ice-address', /candidate:\S+ \d+ \S+ \d+ (\S+) \d+/g),
		];
	}
}
