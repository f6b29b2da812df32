/** Runs in a worker of a real browser, as the media worker of a call does. */
import { SFrameKeyring, SFrameSender } from '#crypto/sframe/sframe.ts';

/** What is measured in one round, microseconds each. */
export interface Round {
	readonly bytes: number;
	readonly seal: number;
	readonly open: number;
	readonly bareSeal: number;
	readonly bareOpen: number;
}

const generation = 1;
/** As in VP8 frames that are no key frames. */
const clear = 3;

interface Ground {
	readonly sender: SFrameSender;
	readonly keyring: SFrameKeyring;
	readonly key: CryptoKey;
}

async function prepare(): Promise<Ground> {
	const baseKey = crypto.getRandomValues(new Uint8Array(16));
	const keyring = new SFrameKeyring();
	await keyring.add({ baseKey, generation, leaves: [0] });
	const sender = await SFrameSender.create({ baseKey, leaf: 0, generation });
	const algorithm = { name: 'AES-GCM', length: 128 };
	const key = await crypto.subtle.generateKey(algorithm, false, ['encrypt', 'decrypt']);
	return { sender, keyring, key };
}

/** Microseconds of one call, over `frames` calls one after the other, as frames come in a transform. */
async function time(frames: number, call: (at: number) => Promise<unknown>): Promise<number> {
	const from = performance.now();
	for (let at = 0; at < frames; at++) await call(at);
	return ((performance.now() - from) * 1000) / frames;
}

async function round({ sender, keyring, key }: Ground, bytes: number): Promise<Round> {
	const frames = 500;
	const payload = crypto.getRandomValues(new Uint8Array(bytes));
	const iv = new Uint8Array(12);
	const additionalData = new Uint8Array(8);
	const how = { name: 'AES-GCM', iv, additionalData, tagLength: 128 };
	const counter = new DataView(iv.buffer);
	crypto.getRandomValues(iv.subarray(0, 8));
	const sealed: Uint8Array<ArrayBuffer>[] = [];
	const seal = await time(frames, async (at) => {
		sealed[at] = await sender.seal(payload, clear);
	});
	const bareSeal = await time(frames, (at) => {
		// No nonce twice, here neither.
		counter.setUint32(8, at);
		return crypto.subtle.encrypt(how, key, payload);
	});
	counter.setUint32(8, frames);
	const bare = await crypto.subtle.encrypt(how, key, payload);
	const open = await time(frames, (at) =>
		keyring.openFrame(sealed[at] ?? new Uint8Array(0), clear),
	);
	const bareOpen = await time(frames, () => crypto.subtle.decrypt(how, key, bare));
	return { bytes, seal, open, bareSeal, bareOpen };
}

self.addEventListener('message', (event: MessageEvent<{ sizes: number[]; rounds: number }>) => {
	const { sizes, rounds } = event.data;
	void (async () => {
		const ground = await prepare();
		const all: Round[] = [];
		// The first round of each size is thrown away: the engine compiles.
		for (let at = 0; at <= rounds; at++)
			for (const bytes of sizes) {
				const one = await round(ground, bytes);
				if (at > 0) all.push(one);
			}
		self.postMessage(all);
	})();
});
