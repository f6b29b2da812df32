import { type Bytes, concat, toHex, utf8 } from '#crypto/bytes.ts';
import { firstDigest, nextDigest } from '#crypto/track/digest.ts';
import { importTrackKey, toTrackKey } from '#crypto/track/key.ts';
import { type PartHeader, encodeHeaderStart, segmentTypes } from '#crypto/track/layout.ts';
import { type PartEnd, encodeEnd, encodeIndex } from '#crypto/track/payload.ts';
import { type PartSecret, derivePartSecret, sealSegment } from '#crypto/track/segment.ts';
import type { Case, Vectors } from './vectors.ts';

/** Bytes that look random and are the same in every run: a linear congruential generator (Numerical Recipes). */
function noise(length: number, seed: number): Bytes {
	let state = seed >>> 0;
	return Uint8Array.from({ length }, () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state >>> 24;
	});
}

interface Part {
	readonly header: PartHeader;
	readonly secret: PartSecret;
	readonly headerBytes: Bytes;
	readonly segments: Bytes[];
}

interface Plain {
	readonly type: number;
	readonly payload: Uint8Array;
}

async function seal(trackKey: Bytes, header: PartHeader, plain: readonly Plain[]): Promise<Part> {
	const secret = await derivePartSecret(await importTrackKey(toTrackKey(trackKey)), header);
	const headerBytes = concat(encodeHeaderStart(header), secret.commitment);
	const segments = await Promise.all(
		plain.map(({ type, payload }, seq) => sealSegment({ header, secret, seq, type, payload })),
	);
	return { header, secret, headerBytes, segments };
}

/** The same with an end that states the truth, changed by `lie`. */
async function sealWhole(
	trackKey: Bytes,
	header: PartHeader,
	plain: readonly Plain[],
	lie: Partial<PartEnd> = {},
): Promise<Part> {
	const open = await seal(trackKey, header, plain);
	let digest = await firstDigest(open.headerBytes);
	for (const segment of open.segments) digest = await nextDigest(digest, segment);
	const media = plain.filter(({ type }) => type === segmentTypes.media);
	const payloadBytes = media.reduce((sum, { payload }) => sum + payload.length, 0);
	const counts = { segments: plain.length, mediaSegments: media.length, payloadBytes };
	const payload = encodeEnd({ ...counts, digest, durationUs: 2_980_000, ...lie });
	return seal(trackKey, header, [...plain, { type: segmentTypes.end, payload }]);
}

function flip(bytes: Uint8Array, at: number, mask = 1): Bytes {
	const copy = concat(bytes);
	copy[at] = (copy[at] ?? 0) ^ mask;
	return copy;
}

const trackKey = noise(32, 1);
const otherKey = noise(32, 2);
const free: PartHeader = {
	quantumLog2: 6,
	recording: noise(16, 3),
	track: noise(16, 4),
	salt: noise(24, 5),
	segmentPayloadBytes: 0,
	part: 7,
	contextHash: noise(32, 6),
};
const fixed: PartHeader = { ...free, salt: noise(24, 7), segmentPayloadBytes: 100, part: 0 };
const another: PartHeader = { ...free, salt: noise(24, 8) };

const media = [91, 64, 60, 1].map((length, at) => {
	return { type: segmentTypes.media, payload: noise(length, 20 + at) };
});
const freePlain: Plain[] = [
	...media,
	{ type: segmentTypes.checkpoint, payload: utf8('{"example":"of a signed text"}') },
	{
		type: segmentTypes.index,
		payload: encodeIndex([
			{ seq: 0, offset: 136, payloadBytes: 91, timeUs: 0, key: true },
			{ seq: 1, offset: 296, payloadBytes: 64, timeUs: 1_000_000, key: false },
		]),
	},
];
const fixedPlain: Plain[] = [100, 100, 37].map((length, at) => {
	return { type: segmentTypes.media, payload: noise(length, 40 + at) };
});

type Mutation = Pick<Case, 'name' | 'verdict' | 'segments'> & {
	bytes: readonly Uint8Array[];
	key?: Bytes;
};

const altered = (segments: number) => ({ verdict: 'altered', segments }) as const;
const early = (segments: number) => ({ verdict: 'ends-early', segments }) as const;

/** Every mutation of the free-length part; `segments` = how many stay intact. */
async function mutations(): Promise<Mutation[]> {
	const whole = await sealWhole(trackKey, free, freePlain);
	const head = whole.headerBytes;
	const all = whole.segments;
	const [a, b, c, d] = all;
	const foreign = (await sealWhole(trackKey, another, freePlain)).segments[1];
	const lying = await sealWhole(trackKey, free, freePlain, { payloadBytes: 215 });
	const other = await sealWhole(trackKey, free, freePlain, { digest: noise(32, 61) });
	const unknown = await seal(trackKey, free, [...media, { type: 4, payload: noise(5, 60) }]);
	if (!a || !b || !c || !d || !foreign) throw new Error('a part of seven segments');
	const rest = all.slice(4);
	const refused = { verdict: 'refused', segments: 0 } as const;
	const wrong = { verdict: 'wrong-key', segments: 0 } as const;
	return [
		{ name: 'cut between segments', bytes: [head, a, b, c], ...early(3) },
		{ name: 'cut in a ciphertext', bytes: [head, a, b, c.subarray(0, 50)], ...early(2) },
		{ name: 'cut in the head of a segment', bytes: [head, a, b.subarray(0, 9)], ...early(1) },
		{ name: 'header only', bytes: [head], ...early(0) },
		{ name: 'end missing', bytes: [head, ...all.slice(0, -1)], ...early(6) },
		{ name: 'two segments swapped', bytes: [head, b, a, c, d, ...rest], ...altered(0) },
		{ name: 'a segment left out', bytes: [head, a, c, d, ...rest], ...altered(1) },
		{ name: 'a segment twice', bytes: [head, a, b, b, c, d, ...rest], ...altered(2) },
		{ name: 'a segment of another part', bytes: [head, a, foreign, c, d], ...altered(1) },
		{
			name: 'last segments left out before the end',
			bytes: [head, a, ...all.slice(-1)],
			...altered(1),
		},
		{ name: 'bit of a ciphertext', bytes: [head, a, flip(b, 30), c, d, ...rest], ...altered(1) },
		{ name: 'bit of a tag', bytes: [head, flip(a, a.length - 1), b, c, d, ...rest], ...altered(0) },
		{ name: 'bit of a number', bytes: [head, a, b, flip(c, 7), d, ...rest], ...altered(2) },
		{ name: 'bit of a type', bytes: [head, a, b, flip(c, 8), d, ...rest], ...altered(2) },
		{ name: 'bit of a length', bytes: [head, a, flip(b, 3, 64), c, d, ...rest], ...altered(1) },
		{ name: 'zeros of a head are not zero', bytes: [head, a, flip(b, 12), c, d], ...altered(1) },
		{ name: 'bytes after the end', bytes: [head, ...all, a], ...altered(6) },
		{ name: 'an end that states another length', bytes: [head, ...lying.segments], ...altered(6) },
		{ name: 'an end that states another digest', bytes: [head, ...other.segments], ...altered(6) },
		{ name: 'another key', bytes: [head, ...all], key: otherKey, ...wrong },
		{ name: 'bit of the context hash', bytes: [flip(head, 80), ...all], ...wrong },
		{ name: 'bit of the commitment', bytes: [flip(head, 120), ...all], ...wrong },
		{ name: 'another part number', bytes: [flip(head, 71), ...all], ...wrong },
		{ name: 'another magic', bytes: [flip(head, 0), ...all], ...refused },
		{ name: 'unknown version', bytes: [flip(head, 4, 3), ...all], ...refused },
		{ name: 'unknown suite', bytes: [flip(head, 5, 3), ...all], ...refused },
		{ name: 'unknown flag', bytes: [flip(head, 7), ...all], ...refused },
		{
			name: 'authentic segment of an unknown type',
			bytes: [head, ...unknown.segments],
			...refused,
			segments: 4,
		},
		{ name: 'less than a header', bytes: [head.subarray(0, 135)], ...refused },
	];
}

function toCase(header: PartHeader, mutation: Mutation): Case {
	const { name, verdict, segments, bytes, key } = mutation;
	return {
		name,
		trackKey: toHex(key ?? trackKey),
		recording: toHex(header.recording),
		track: toHex(header.track),
		part: header.part,
		bytes: toHex(concat(...bytes)),
		verdict,
		segments,
	};
}

async function fixedMutations(): Promise<Mutation[]> {
	const whole = await sealWhole(trackKey, fixed, fixedPlain);
	const [a, b, c, end] = whole.segments;
	const short = await sealWhole(trackKey, { ...fixed, salt: noise(24, 9) }, [
		...fixedPlain,
		...media,
	]);
	if (!a || !b || !c || !end) throw new Error('a part of four segments');
	const head = whole.headerBytes;
	return [
		{ name: 'fixed part', bytes: [head, a, b, c, end], verdict: 'complete', segments: 3 },
		{ name: 'fixed part, cut', bytes: [head, a, b], verdict: 'ends-early', segments: 2 },
		{
			name: 'fixed part, media after a short segment',
			bytes: [short.headerBytes, ...short.segments],
			verdict: 'altered',
			segments: 3,
		},
	];
}

/** All published vectors; the same in every run. */
export async function buildVectors(): Promise<Vectors> {
	const whole = await sealWhole(trackKey, free, freePlain);
	const raw = await crypto.subtle.importKey('raw', trackKey, 'HKDF', false, ['deriveBits']);
	const info = concat(utf8('sotto/track/v1\0'), encodeHeaderStart(free));
	const kdf = { name: 'HKDF', hash: 'SHA-512', salt: free.salt, info };
	const bits = new Uint8Array(await crypto.subtle.deriveBits(kdf, raw, 608));
	const complete: Mutation = {
		name: 'free-length part',
		bytes: [whole.headerBytes, ...whole.segments],
		verdict: 'complete',
		segments: 6,
	};
	return {
		format: 'STRK version 1, see docs/format.md',
		schedule: {
			trackKey: toHex(trackKey),
			header: toHex(whole.headerBytes),
			key: toHex(bits.subarray(0, 32)),
			baseNonce: toHex(bits.subarray(32, 44)),
			commitment: toHex(bits.subarray(44)),
		},
		payloads: {
			free: media.map(({ payload }) => toHex(payload)),
			fixed: fixedPlain.map(({ payload }) => toHex(payload)),
		},
		cases: [
			...[complete, ...(await mutations())].map((mutation) => toCase(free, mutation)),
			...(await fixedMutations()).map((mutation) => toCase(fixed, mutation)),
		],
	};
}
