import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, concat, equal, random } from '#crypto/bytes.ts';
import { contextHash } from './digest.ts';
import { fixedPart, placeOfEnd, placeOfSegment, segmentsOfRange } from './fixed.ts';
import { createTrackKey, importTrackKey, toTrackKey } from './key.ts';
import { decodeHeader, headerBytes, payloadBytesMax, segmentHeadBytes } from './layout.ts';
import { decodeIndex, encodeIndex } from './payload.ts';
import { PartReader } from './reader.ts';
import { type Segment, derivePartSecret, sealSegment } from './segment.ts';
import { readPart } from './verdict.ts';
import { PartWriter } from './writer.ts';

const names = { recording: random(16), track: random(16), part: 3 };

interface Made {
	key: CryptoKey;
	writer: PartWriter;
	/** Header first, end last. */
	pieces: Bytes[];
}

async function make(options: {
	payloads: readonly Uint8Array[];
	quantumLog2?: number;
	segmentPayloadBytes?: number;
	key?: CryptoKey;
	part?: number;
}): Promise<Made> {
	const key = options.key ?? (await importTrackKey(createTrackKey()));
	const writer = await PartWriter.create({
		key,
		...names,
		part: options.part ?? names.part,
		quantumLog2: options.quantumLog2 ?? 6,
		segmentPayloadBytes: options.segmentPayloadBytes ?? 0,
		contextHash: random(32),
	});
	const media = options.payloads.map((payload) => writer.media(payload));
	const end = writer.end({ durationUs: 1_500_000 });
	return { key, writer, pieces: [writer.headerBytes, ...(await Promise.all(media)), await end] };
}

async function read(key: CryptoKey, bytes: Uint8Array) {
	const segments: Segment[] = [];
	const onSegment = (segment: Segment): void => void segments.push(segment);
	const verdict = await readPart({ key, name: names, source: [bytes], onSegment });
	return { ...verdict, opened: segments };
}

const payload = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => concat(bytes));
const payloads = fc.array(payload, { maxLength: 8 });
const runs = { numRuns: 40 };

test('what was written comes back complete, in pieces of any length', async () => {
	await fc.assert(
		fc.asyncProperty(
			payloads,
			fc.nat(12),
			fc.integer({ min: 1, max: 700 }),
			async (list, q, step) => {
				const { key, pieces } = await make({ payloads: list, quantumLog2: q });
				const bytes = concat(...pieces);
				const source = async function* () {
					for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
				};
				const back: Bytes[] = [];
				const verdict = await readPart({
					key,
					name: names,
					source: source(),
					onSegment: (segment) => void back.push(segment.payload),
				});
				expect(verdict.verdict).toBe('complete');
				expect(verdict.end?.durationUs).toBe(1_500_000);
				expect(equal(concat(...back), concat(...list))).toBe(true);
			},
		),
		runs,
	);
});

test('a cut anywhere ends early and keeps every whole segment', async () => {
	await fc.assert(
		fc.asyncProperty(payloads, fc.nat(), async (list, where) => {
			const { key, pieces } = await make({ payloads: list });
			const bytes = concat(...pieces);
			const cut = headerBytes + (where % (bytes.length - headerBytes));
			const verdict = await read(key, bytes.subarray(0, cut));
			let whole = 0;
			for (let at = headerBytes; at <= cut; whole++) at += pieces[whole + 1]?.length ?? Infinity;
			expect(verdict.verdict).toBe('ends-early');
			expect(verdict.segments).toBe(whole - 1);
		}),
		runs,
	);
});

test('one flipped bit anywhere never gives other payloads, nor the verdict complete', async () => {
	await fc.assert(
		fc.asyncProperty(payloads, fc.nat(), fc.nat(7), async (list, where, bit) => {
			const { key, pieces } = await make({ payloads: list });
			const bytes = concat(...pieces);
			const at = where % bytes.length;
			bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
			const result = await read(key, bytes).catch((error: Error) => error.message);
			const refused = /open-failed|bad-header|unknown-version/.test(
				typeof result === 'string' ? result : '',
			);
			expect(refused).toBe(at < headerBytes);
			const opened = typeof result === 'string' ? [] : result.opened;
			expect(result).not.toHaveProperty('verdict', 'complete');
			opened.forEach((segment, index) =>
				expect(equal(segment.payload, list[index] ?? random(1))).toBe(true),
			);
		}),
		runs,
	);
});

test('swapped, dropped, doubled and foreign segments are altered', async () => {
	const list = [1, 2, 3, 4].map((value) => new Uint8Array(100).fill(value));
	const { key, pieces } = await make({ payloads: list });
	const other = await make({ payloads: list, key });
	const [head, a, b, c, d, end] = pieces;
	const foreign = other.pieces[1];
	if (!head || !a || !b || !c || !d || !end || !foreign) throw new Error('six pieces');
	const orders: [Bytes[], number][] = [
		[[head, b, a, c, d, end], 0],
		[[head, a, c, d, end], 1],
		[[head, a, b, c, end], 3],
		[[head, a, a, b, c, d, end], 1],
		[[head, foreign, b, c, d, end], 0],
		[[head, a, b, c, d, end, a], 4],
	];
	for (const [order, intact] of orders) {
		const verdict = await read(key, concat(...order));
		expect([verdict.verdict, verdict.segments]).toEqual(['altered', intact]);
	}
	expect((await read(key, concat(...pieces))).verdict).toBe('complete');
});

test('another part of the same key, and another key, are refused before the data', async () => {
	const { key, pieces } = await make({ payloads: [random(10)], part: 4 });
	await expect(read(key, concat(...pieces))).rejects.toThrow('open-failed');
	const right = await make({ payloads: [random(10)] });
	const wrong = await importTrackKey(createTrackKey());
	await expect(read(wrong, concat(...right.pieces))).rejects.toThrow('open-failed');
	await expect(read(key, random(135))).rejects.toThrow('truncated');
	await expect(read(key, random(136))).rejects.toThrow('bad-header');
});

test('an authentic segment of an unknown type is refused, one with dirty padding altered', async () => {
	const { key, writer, pieces } = await make({ payloads: [random(10)] });
	const secret = await derivePartSecret(key, writer.header);
	const seal = { header: writer.header, secret, payload: random(8) };
	const unknown = await sealSegment({ ...seal, seq: 1, type: 4 });
	await expect(read(key, concat(...pieces.slice(0, 2), unknown))).rejects.toThrow(
		'unknown-version',
	);
	const twoQuanta = new Uint8Array(128);
	twoQuanta[3] = 8;
	twoQuanta[100] = 1;
	const iv = secret.baseNonce.slice();
	iv[11] = (iv[11] ?? 0) ^ 1;
	const head = concat(Uint8Array.of(0, 0, 0, 144, 0, 0, 0, 1), new Uint8Array(8));
	const gcm = { name: 'AES-GCM', iv, additionalData: head };
	for (const plaintext of [twoQuanta.slice(), twoQuanta.fill(0, 100)]) {
		const sealed = new Uint8Array(await crypto.subtle.encrypt(gcm, secret.key, plaintext));
		const verdict = await read(key, concat(...pieces.slice(0, 2), head, sealed));
		expect([verdict.verdict, verdict.segments]).toEqual(['altered', 1]);
	}
});

test('a fixed part: any byte range opens from the segments that arithmetic names', async () => {
	const sizes = fc.record({
		total: fc.nat(900),
		size: fc.integer({ min: 1, max: 200 }),
		q: fc.nat(8),
	});
	await fc.assert(
		fc.asyncProperty(sizes, fc.nat(), fc.nat(), async ({ total, size, q }, x, y) => {
			const content = random(total);
			const list: Uint8Array[] = [];
			for (let at = 0; at < total; at += size) list.push(content.subarray(at, at + size));
			const made = await make({ payloads: list, segmentPayloadBytes: size, quantumLog2: q });
			const whole = concat(...made.pieces);
			const reader = await PartReader.open({ key: made.key, header: whole, name: names });
			const layout = fixedPart(reader.header, total);
			const place = placeOfEnd(layout);
			expect(place.to).toBe(whole.length);
			const tail = whole.subarray(place.from);
			const end = await reader.fixedEnd({ tail, partBytes: whole.length });
			expect(end.payloadBytes).toBe(total);
			await expect(reader.fixedEnd({ tail, partBytes: whole.length + 1 })).rejects.toThrow();
			expect((await read(made.key, whole)).verdict).toBe('complete');
			if (total === 0) return;
			const from = x % total;
			const to = from + 1 + (y % (total - from));
			const run = segmentsOfRange(layout, { from, to });
			const opened: Bytes[] = [];
			for (let seq = run.first; seq <= run.last; seq++) {
				const { from: start, to: stop } = placeOfSegment(layout, seq);
				const bytes = whole.subarray(start, stop);
				opened.push(await reader.fixedMedia({ seq, bytes, payloadBytes: total }));
			}
			expect(run.place.from).toBe(placeOfSegment(layout, run.first).from);
			const skip = from - run.first * size;
			const got = concat(...opened).subarray(skip, skip + to - from);
			expect(equal(got, content.subarray(from, to))).toBe(true);
		}),
		runs,
	);
});

test('a cut fixed part has no end, and a segment elsewhere is not taken for its place', async () => {
	const list = [random(64), random(64), random(9)];
	const made = await make({ payloads: list, segmentPayloadBytes: 64, quantumLog2: 0 });
	const whole = concat(...made.pieces);
	const reader = await PartReader.open({ key: made.key, header: whole, name: names });
	const cut = whole.subarray(0, whole.length - (made.pieces.at(-1)?.length ?? 0));
	const tail = cut.subarray(cut.length - 92);
	await expect(reader.fixedEnd({ tail, partBytes: cut.length })).rejects.toThrow();
	const second = made.pieces[2] ?? random(1);
	await expect(reader.fixedMedia({ seq: 0, bytes: second, payloadBytes: 137 })).rejects.toThrow(
		'open-failed',
	);
	await expect(reader.segment(0, second.subarray(0, second.length - 1))).rejects.toThrow(
		'truncated',
	);
});

test('a writer is one-shot and keeps its limits', async () => {
	const { writer } = await make({ payloads: [random(5)] });
	await expect(writer.media(random(1))).rejects.toThrow('the part has ended');
	await expect(writer.end({ durationUs: 0 })).rejects.toThrow('the part has ended');
	const key = await importTrackKey(createTrackKey());
	const fields = { key, ...names, contextHash: random(32), quantumLog2: 0 };
	const free = await PartWriter.create({ ...fields, segmentPayloadBytes: 0 });
	await expect(free.media(new Uint8Array(0))).rejects.toThrow(TypeError);
	await expect(free.media(new Uint8Array(payloadBytesMax + 1))).rejects.toThrow(TypeError);
	const longest = await free.media(new Uint8Array(payloadBytesMax));
	expect(longest.length).toBe(segmentHeadBytes + (1 << 20) + 16);
	const fixed = await PartWriter.create({ ...fields, segmentPayloadBytes: 8 });
	await expect(fixed.media(random(9))).rejects.toThrow(TypeError);
	await fixed.media(random(7));
	await expect(fixed.media(random(8))).rejects.toThrow('only the last segment');
});

test('overlapping calls come out in order and the digest is that of the reader', async () => {
	const list = Array.from({ length: 20 }, () => random(40));
	const { key, writer, pieces } = await make({ payloads: list });
	const verdict = await read(key, concat(...pieces));
	expect(verdict.opened.map((segment) => segment.seq)).toEqual(list.map((_, seq) => seq));
	expect(equal(verdict.digest, verdict.end?.digest ?? random(1))).toBe(true);
	expect(writer.progress.segments).toBe(21);
	expect(writer.progress.partBytes).toBe(concat(...pieces).length);
});

test('indexes and checkpoints are read in their places', async () => {
	const key = await importTrackKey(createTrackKey());
	const fields = { key, ...names, contextHash: random(32), quantumLog2: 4 };
	const writer = await PartWriter.create({ ...fields, segmentPayloadBytes: 0 });
	const entry = { seq: 0, offset: 136, payloadBytes: 50, timeUs: 2 ** 40, key: true };
	const bytes = concat(
		writer.headerBytes,
		await writer.media(random(50)),
		await writer.checkpoint(random(99)),
		await writer.index([entry]),
		await writer.end({ durationUs: 0 }),
	);
	const verdict = await read(key, bytes);
	expect(verdict.verdict).toBe('complete');
	expect(verdict.opened.map((segment) => segment.type)).toEqual(['media', 'checkpoint', 'index']);
	expect(decodeIndex(verdict.opened[2]?.payload ?? random(1))).toEqual([entry]);
	expect(() => decodeIndex(encodeIndex([entry]).slice(1))).toThrow('open-failed');
});

test('a track key is 32 bytes and does not leave WebCrypto', async () => {
	expect(() => toTrackKey(random(31))).toThrow('bad-key');
	const key = await importTrackKey(createTrackKey());
	expect(key.extractable).toBe(false);
	await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
	const copy = structuredClone(key);
	const { pieces } = await make({ payloads: [random(3)], key });
	expect((await read(copy, concat(...pieces))).verdict).toBe('complete');
});

test('headers name what they do not know', async () => {
	const { writer } = await make({ payloads: [] });
	const changed = (at: number, value: number): Bytes => {
		const bytes = writer.headerBytes.slice();
		bytes[at] = value;
		return bytes;
	};
	for (const at of [4, 5]) expect(() => decodeHeader(changed(at, 2))).toThrow('unknown-version');
	expect(() => decodeHeader(changed(7, 1))).toThrow('unknown-version');
	expect(() => decodeHeader(changed(6, 21))).toThrow('bad-header');
	expect(decodeHeader(writer.headerBytes)).toEqual(writer.header);
});

test('the context hash sees every field', async () => {
	const context = {
		session: 'A'.repeat(22),
		generation: 1,
		receipts: null,
		recorder: new Uint8Array(32),
		codec: 'opus',
		zeroMs: 5,
		previous: null,
	};
	const changes = [
		{ session: 'B'.repeat(22) },
		{ generation: 2 },
		{ receipts: new Uint8Array(32) },
		{ recorder: new Uint8Array(32).fill(1) },
		{ codec: 'vp8' },
		{ zeroMs: 6 },
		{ previous: new Uint8Array(32) },
	];
	const all = await Promise.all(
		[{}, ...changes].map(async (change) => String(await contextHash({ ...context, ...change }))),
	);
	expect(new Set(all).size).toBe(changes.length + 1);
});
