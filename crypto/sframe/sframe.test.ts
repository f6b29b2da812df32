import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, concat, equal, fromHex, random, toHex } from '#crypto/bytes.ts';
import { deriveSecrets, importFrameKey, openFrame, sealFrame } from './cipher.ts';
import { SFrameKeyring, SFrameSender, clearBytes, decodeHeader, kidOf } from './sframe.ts';

const rfc = {
	kid: 0x123n,
	ctr: 0x4567n,
	baseKey: fromHex('000102030405060708090a0b0c0d0e0f'),
	key: 'd34f547f4ca4f9a7447006fe7fcbf768',
	salt: '75234edefe07819026751816',
	metadata: fromHex('4945544620534672616d65205747'),
	plaintext: fromHex('64726166742d696574662d736672616d652d656e63'),
	frame: '9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb',
};

async function pair(generation = 3, leaf = 1, baseKey: Bytes = random(16)) {
	const sender = await SFrameSender.create({ baseKey, leaf, generation });
	const keyring = new SFrameKeyring();
	await keyring.add({ baseKey, generation, leaves: [0, 1, 2] });
	return { sender, keyring, baseKey };
}

test('RFC 9605 appendix C.3, AES_128_GCM_SHA256_128', async () => {
	const { kid, ctr, baseKey, metadata, plaintext } = rfc;
	const secrets = await deriveSecrets({ baseKey, kid });
	expect(toHex(secrets.key)).toBe(rfc.key);
	expect(toHex(secrets.salt)).toBe(rfc.salt);
	const frameKey = await importFrameKey({ baseKey, kid, usage: 'encrypt' });
	const payload = concat(metadata, plaintext);
	const frame = await sealFrame({ frameKey, kid, ctr, payload, clear: metadata.length });
	expect(toHex(frame)).toBe(toHex(metadata) + rfc.frame);
	const openKey = await importFrameKey({ baseKey, kid, usage: 'decrypt' });
	const opened = await openFrame({ keyOf: () => openKey, frame, clear: metadata.length });
	expect(opened).toEqual({ kid, ctr, payload });
});

test('what a sender seals its keyring opens, and says who sealed it', async () => {
	const { sender, keyring } = await pair();
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.nat(12), async (bytes, clear) => {
			const payload = new Uint8Array(bytes);
			if (payload.length < clear) return;
			const frame = await sender.seal(payload, clear);
			expect(equal(frame.subarray(0, clear), payload.subarray(0, clear))).toBe(true);
			const opened = await keyring.openFrame(frame, clear);
			expect(opened).toMatchObject({ leaf: 1, generation: 3 });
			expect(equal(opened.payload, payload)).toBe(true);
			const apart = await keyring.open(frame.slice(0, clear), frame.slice(clear));
			expect(equal(apart.plaintext, payload.subarray(clear))).toBe(true);
		}),
		{ numRuns: 40 },
	);
});

test('any changed bit is refused, also in the clear bytes and the header', async () => {
	const { sender, keyring } = await pair();
	const frame = await sender.seal(random(40), 10);
	for (let at = 0; at < frame.length; at++) {
		const forged = frame.slice();
		forged[at] = (forged[at] ?? 0) ^ 1;
		await expect(keyring.openFrame(forged, 10)).rejects.toThrow(
			/^(?:open-failed|no-key|bad-header|truncated)$/,
		);
	}
	await expect(keyring.openFrame(frame, 9)).rejects.toThrow();
	await expect(keyring.openFrame(frame.slice(0, 20), 10)).rejects.toThrow('truncated');
});

test('any bytes are refused with a code', async () => {
	const { keyring } = await pair();
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat(12), async (bytes, clear) => {
			await expect(keyring.openFrame(new Uint8Array(bytes), clear)).rejects.toThrow(
				/^(?:open-failed|no-key|bad-header|truncated)$/,
			);
		}),
		{ numRuns: 200 },
	);
});

test('frames sealed at once have a counter each', async () => {
	const { sender, keyring } = await pair();
	const frames = await Promise.all(Array.from({ length: 50 }, () => sender.seal(random(8))));
	const counters = new Set(frames.map((frame) => decodeHeader(frame).ctr));
	expect(counters.size).toBe(50);
	expect(sender.sealed).toBe(50);
	await Promise.all(frames.map((frame) => keyring.openFrame(frame)));
});

test('a key has one sender, and that one ends at its limit', async () => {
	const baseKey = random(16);
	const sender = await SFrameSender.create({ baseKey, leaf: 0, generation: 1, limit: 2 });
	await expect(SFrameSender.create({ baseKey, leaf: 0, generation: 1 })).rejects.toThrow(TypeError);
	// Another leaf of the same epoch is another key.
	await SFrameSender.create({ baseKey, leaf: 1, generation: 1 });
	await sender.seal(random(1));
	await sender.seal(random(1));
	await expect(sender.seal(random(1))).rejects.toThrow('exhausted');
	await expect(sender.seal(new Uint8Array(2), 3)).rejects.toThrow('truncated');
});

test('two leaves and two generations never share a key', async () => {
	const { sender, keyring, baseKey } = await pair();
	const other = await SFrameSender.create({ baseKey, leaf: 2, generation: 3 });
	const frame = await sender.seal(random(5));
	const renamed = frame.slice();
	expect(decodeHeader(frame).kid).toBe(kidOf({ leaf: 1, generation: 3 }));
	renamed[1] = Number(kidOf({ leaf: 2, generation: 3 }));
	await expect(keyring.openFrame(renamed)).rejects.toThrow('open-failed');
	expect((await keyring.openFrame(await other.seal(random(5)))).leaf).toBe(2);
});

test('only leaves that were named are opened', async () => {
	const { sender, baseKey } = await pair();
	const keyring = new SFrameKeyring();
	await keyring.add({ baseKey, generation: 3, leaves: [0] });
	await expect(keyring.openFrame(await sender.seal(random(5)))).rejects.toThrow('no-key');
});

test('a generation 16 later takes the place, never the other way round', async () => {
	const old = await pair(5);
	const young = await SFrameSender.create({ baseKey: random(16), leaf: 1, generation: 21 });
	const baseKey = random(16);
	const sender = await SFrameSender.create({ baseKey, leaf: 1, generation: 21 });
	await old.keyring.add({ baseKey, generation: 21, leaves: [1] });
	expect(old.keyring.generations).toEqual([21]);
	old.keyring.forget(5);
	expect(old.keyring.generations).toEqual([21]);
	const opened = await old.keyring.openFrame(await sender.seal(random(9)));
	expect(opened.generation).toBe(21);
	await expect(old.keyring.openFrame(await old.sender.seal(random(9)))).rejects.toThrow(
		'open-failed',
	);
	await expect(old.keyring.openFrame(await young.seal(random(9)))).rejects.toThrow('open-failed');
	await expect(
		old.keyring.add({ baseKey: old.baseKey, generation: 5, leaves: [1] }),
	).rejects.toThrow(TypeError);
});

test('old generations are forgotten', async () => {
	const keyring = new SFrameKeyring();
	const senders: SFrameSender[] = [];
	for (let generation = 1; generation <= 6; generation++) {
		const baseKey = random(16);
		senders.push(await SFrameSender.create({ baseKey, leaf: 0, generation }));
		await keyring.add({ baseKey, generation, leaves: [0] });
	}
	expect(keyring.generations).toEqual([3, 4, 5, 6]);
	const frames = await Promise.all(senders.map((sender) => sender.seal(random(3))));
	const tried = () =>
		Promise.all(
			frames.map((frame) =>
				keyring.openFrame(frame).then(
					() => 'opened',
					(error: Error) => error.message,
				),
			),
		);
	const gone = 'no-key';
	expect(await tried()).toEqual([gone, gone, 'opened', 'opened', 'opened', 'opened']);
	keyring.forgetBefore(5);
	keyring.forget(5);
	keyring.forget(4);
	expect(await tried()).toEqual([gone, gone, gone, gone, gone, 'opened']);
	keyring.forgetAll();
	expect(await tried()).toEqual(Array.from({ length: 6 }, () => gone));
});

test('a frame above 4 MiB and a leaf above 7 are refused', async () => {
	const { sender, keyring, baseKey } = await pair();
	const huge = new Uint8Array(4 * 1024 * 1024 + 64);
	await expect(sender.seal(huge)).rejects.toThrow('too-large');
	await expect(keyring.openFrame(huge)).rejects.toThrow('too-large');
	await expect(SFrameSender.create({ baseKey, leaf: 8, generation: 3 })).rejects.toThrow(TypeError);
	await expect(keyring.add({ baseKey, generation: 3, leaves: [8] })).rejects.toThrow(TypeError);
	const short = { baseKey: random(15), leaf: 0, generation: 3 };
	await expect(SFrameSender.create(short)).rejects.toThrow(TypeError);
});

test('only VP8, VP9 and Opus have clear bytes', () => {
	expect(clearBytes('video/VP8', 'key')).toBe(10);
	expect(clearBytes('video/vp8', 'delta')).toBe(3);
	expect(clearBytes('video/VP8')).toBeUndefined();
	expect(clearBytes('video/VP8', 'empty')).toBeUndefined();
	expect(clearBytes('video/VP9', 'key')).toBe(0);
	expect(clearBytes('audio/opus')).toBe(0);
	for (const other of ['video/H264', 'video/AV1', 'video/rtx', 'audio/red', '']) {
		expect(clearBytes(other, 'key')).toBeUndefined();
	}
});
