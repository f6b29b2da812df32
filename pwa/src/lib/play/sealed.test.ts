import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, concat, random } from '#crypto/bytes.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import { SealedMedia, type SealedSource } from './sealed.ts';

const segment = 1024;
const name = { recording: random(16), track: random(16), part: 0 };

async function sealed(payload: Bytes, quantumLog2 = 0) {
	const key = await importTrackKey(createTrackKey());
	const fixed = { quantumLog2, segmentPayloadBytes: segment, contextHash: random(32) };
	const writer = await PartWriter.create({ key, ...name, ...fixed });
	const pieces = [writer.headerBytes];
	for (let at = 0; at < payload.length; at += segment)
		pieces.push(await writer.media(payload.subarray(at, at + segment)));
	pieces.push(await writer.end({ durationUs: 0 }));
	return { key, bytes: concat(...pieces) };
}

/** Pieces of `pieceBytes`, as a network cuts them, and a count of what was asked for. */
function sourceOf(bytes: Bytes, pieceBytes: number) {
	const asked = { bytes: 0 };
	async function* pieces(whole: Uint8Array) {
		for (let at = 0; at < whole.length; at += pieceBytes) yield whole.slice(at, at + pieceBytes);
	}
	const source: SealedSource = async ({ from, to }) => {
		asked.bytes += to - from;
		return pieces(bytes.subarray(from, to));
	};
	return { asked, source };
}

async function readAll(media: SealedMedia, range: { from: number; to: number }) {
	const pieces: Bytes[] = [];
	try {
		for await (const piece of media.read(range)) pieces.push(piece);
	} catch (error) {
		return { bytes: concat(...pieces), error };
	}
	return { bytes: concat(...pieces), error: undefined };
}

test('any range of any object comes out as it went in, from the segments that hold it only', async () => {
	const arbitrary = {
		length: fc.integer({ min: 1, max: 5 * segment }),
		ends: fc.tuple(
			fc.double({ min: 0, max: 0.999, noNaN: true }),
			fc.double({ min: 0, max: 1, noNaN: true }),
		),
		pieceBytes: fc.integer({ min: 1, max: 3 * segment }),
		quantumLog2: fc.constantFrom(0, 8),
		aheadBytes: fc.constantFrom(0, 500, 3 * segment, 100 * segment),
	};
	await fc.assert(
		fc.asyncProperty(fc.record(arbitrary), async (drawn) => {
			const { length, ends, pieceBytes, quantumLog2, aheadBytes } = drawn;
			const payload = random(length);
			const { key, bytes } = await sealed(payload, quantumLog2);
			const { source, asked } = sourceOf(bytes, pieceBytes);
			const partBytes = bytes.length;
			const media = await SealedMedia.open({ key, name, partBytes, source, aheadBytes });
			expect(media.size).toBe(length);
			const from = Math.floor(ends[0] * length);
			const to = from + 1 + Math.floor(ends[1] * (length - from - 1));
			asked.bytes = 0;
			const read = await readAll(media, { from, to });
			expect(read.error).toBeUndefined();
			expect(read.bytes).toEqual(payload.slice(from, to));
			expect(asked.bytes).toBeLessThanOrEqual(to - from + 2 * (segment + 32 + 512));
		}),
		{ numRuns: 40 },
	);
});

test('an altered byte stops the range there; what stood before and stands behind it stays readable', async () => {
	const payload = random(4 * segment);
	const { key, bytes } = await sealed(payload);
	const stride = 16 + 4 + segment + 16;
	const at = 136 + 2 * stride + 500;
	bytes[at] = (bytes[at] ?? 0) ^ 1;
	const { source } = sourceOf(bytes, 700);
	const media = await SealedMedia.open({ key, name, partBytes: bytes.length, source });
	const all = await readAll(media, { from: 0, to: media.size });
	expect(all.error).toMatchObject({ code: 'open-failed' });
	expect(all.bytes).toEqual(payload.slice(0, 2 * segment));
	const rest = await readAll(media, { from: 3 * segment, to: media.size });
	expect(rest).toEqual({ bytes: payload.slice(3 * segment), error: undefined });
});

test('a cut object, another track, another key and swapped segments are refused', async () => {
	const payload = random(3 * segment);
	const { key, bytes } = await sealed(payload);
	const open = (options: Partial<Parameters<typeof SealedMedia.open>[0]>) => {
		const { source } = sourceOf(bytes, 900);
		return SealedMedia.open({ key, name, partBytes: bytes.length, source, ...options });
	};
	await expect(open({ partBytes: bytes.length - 1 })).rejects.toMatchObject({
		code: 'open-failed',
	});
	await expect(open({ partBytes: 100 })).rejects.toMatchObject({ code: 'truncated' });
	await expect(open({ name: { ...name, track: random(16) } })).rejects.toMatchObject({
		code: 'open-failed',
	});
	const other = await importTrackKey(createTrackKey());
	await expect(open({ key: other })).rejects.toMatchObject({ code: 'open-failed' });

	const stride = 16 + 4 + segment + 16;
	const [first, second] = [
		bytes.slice(136, 136 + stride),
		bytes.slice(136 + stride, 136 + 2 * stride),
	];
	const swapped = concat(bytes.slice(0, 136), second, first, bytes.slice(136 + 2 * stride));
	const media = await open({ source: sourceOf(swapped, 900).source });
	expect(await readAll(media, { from: 0, to: 10 })).toMatchObject({
		error: { code: 'open-failed' },
	});
	expect((await readAll(media, { from: 2 * segment, to: media.size })).error).toBeUndefined();
});

test('a source that ends early is not taken for the end', async () => {
	const { key, bytes } = await sealed(random(3 * segment));
	const { source } = sourceOf(bytes, 900);
	let limit = bytes.length;
	const cut: SealedSource = ({ from, to }) => source({ from, to: Math.min(to, limit) });
	const about = { key, name, partBytes: bytes.length, source: cut, aheadBytes: 0 };
	const media = await SealedMedia.open(about);
	limit = 136 + 1500;
	const read = await readAll(media, { from: 0, to: media.size });
	expect(read.error).toMatchObject({ code: 'truncated' });
	expect(read.bytes).toHaveLength(segment);
});
