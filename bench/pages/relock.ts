/** Seals a final object anew in memory, and as many bytes with WebCrypto alone; runs in a worker. */
import { type Bytes, concat, random, toBase64url } from '../../crypto/bytes.ts';
import { contextHash } from '../../crypto/track/digest.ts';
import { createTrackKey, importTrackKey } from '../../crypto/track/key.ts';
import { finalPayloadBytes } from '../../crypto/track/layout.ts';
import { PartWriter } from '../../crypto/track/writer.ts';
import { Pauses } from '../../pwa/src/lib/record/retry.ts';
import { resealObject } from '../../pwa/src/lib/rewrite/reseal.ts';

/** Seconds that the same megabytes took. */
export interface RelockRound {
	readonly relock: number;
	readonly bare: number;
}

const pieceBytes = 4 * 1024 * 1024;
const ids = { recording: random(16), track: random(16) };
const context = {
	session: toBase64url(random(16)),
	generation: 1,
	receipts: null,
	recorder: random(32),
	codec: 'vp8+opus',
	zeroMs: 0,
	previous: null,
};

async function sealedObject(megabytes: number) {
	const key = await importTrackKey(createTrackKey());
	const writer = await PartWriter.create({
		key,
		...ids,
		part: 0,
		quantumLog2: 0,
		segmentPayloadBytes: finalPayloadBytes,
		contextHash: await contextHash(context),
	});
	const pieces: Bytes[] = [writer.headerBytes];
	const payload = random(finalPayloadBytes);
	for (let bytes = 0; bytes < megabytes * 1e6; bytes += payload.length)
		pieces.push(await writer.media(payload));
	const digest = toBase64url(writer.progress.digest);
	pieces.push(await writer.end({ durationUs: 1 }));
	return { sealed: concat(...pieces), digest, key };
}

async function relock({ sealed, digest, key }: Awaited<ReturnType<typeof sealedObject>>) {
	const track = toBase64url(ids.track);
	const to = { part: 1, key: await importTrackKey(createTrackKey()) };
	const startedAt = performance.now();
	await resealObject(
		{
			api: {
				async *objectBytes() {
					for (let at = 0; at < sealed.length; at += pieceBytes)
						yield sealed.slice(at, at + pieceBytes);
				},
				async putChunk() {},
			},
			pauses: new Pauses(),
			recording: toBase64url(ids.recording),
			signal: new AbortController().signal,
			onBytes: () => undefined,
		},
		{ from: { track, part: 0, bytes: sealed.length, digest, key }, to, context },
	);
	return (performance.now() - startedAt) / 1000;
}

const newKey = () =>
	crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);

/** One segment after another: opened, and sealed under another key. */
async function bare(megabytes: number): Promise<number> {
	const [from, to] = [await newKey(), await newKey()];
	const gcm = { name: 'AES-GCM', iv: random(12), additionalData: random(16) };
	const sealed = await crypto.subtle.encrypt(gcm, from, random(finalPayloadBytes));
	const startedAt = performance.now();
	for (let bytes = 0; bytes < megabytes * 1e6; bytes += finalPayloadBytes)
		await crypto.subtle.encrypt(gcm, to, await crypto.subtle.decrypt(gcm, from, sealed));
	return (performance.now() - startedAt) / 1000;
}

addEventListener('message', (event: MessageEvent<{ megabytes: number; rounds: number }>) => {
	const { megabytes, rounds } = event.data;
	const measure = async (): Promise<RelockRound[]> => {
		const object = await sealedObject(megabytes);
		const found: RelockRound[] = [];
		// The first round is thrown away: nothing is compiled yet.
		for (let at = 0; at <= rounds; at++)
			found.push({ relock: await relock(object), bare: await bare(megabytes) });
		return found.slice(1);
	};
	void measure().then((found) => postMessage(found));
});
