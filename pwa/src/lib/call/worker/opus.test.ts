import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EvenPackets, padOpus } from './opus.ts';

/** Takes an Opus packet apart into its frames, as RFC 6716 §3.2 says. Throws for one that breaks its rules. */
function framesOf(packet: Uint8Array): Uint8Array[] {
	let at = 1;
	const next = (): number => {
		const byte = packet[at++];
		if (byte === undefined) throw new RangeError('ends too early');
		return byte;
	};
	const size = (): number => {
		const first = next();
		return first < 252 ? first : first + 4 * next();
	};
	const code = (packet[0] ?? 0) & 3;
	if (code === 0) return [packet.subarray(1)];
	if (code === 1) {
		if (packet.length % 2 === 0) throw new RangeError('two halves of an odd length');
		const half = (packet.length - 1) / 2;
		return [packet.subarray(1, 1 + half), packet.subarray(1 + half)];
	}
	const header = code === 2 ? 0x82 : next();
	let padding = 0;
	if (header & 0x40) {
		let byte = next();
		for (; byte === 255; byte = next()) padding += 254;
		padding += byte;
	}
	const count = header & 0x3f;
	const sizes = header & 0x80 ? Array.from({ length: count - 1 }, size) : [];
	const end = packet.length - padding;
	const equal = (end - at) / count;
	return Array.from({ length: count }, (_, i) => {
		const last = sizes.length > 0 || count === 1 ? end - at : equal;
		const length = i < sizes.length ? (sizes[i] ?? 0) : last;
		if (!Number.isInteger(length) || at + length > end) throw new RangeError('frame too long');
		at += length;
		return packet.subarray(at - length, at);
	});
}

const lengthOf = (frame: Uint8Array): number[] =>
	frame.length < 252
		? [frame.length]
		: [252 + (frame.length % 4), (frame.length - 252 - (frame.length % 4)) / 4];

/** A packet of each kind with some frames. */
const packets = fc
	.record({
		config: fc.integer({ min: 0, max: 63 }),
		frames: fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 4 }),
		code: fc.integer({ min: 0, max: 3 }),
	})
	.map(({ config, frames, code }) => {
		const [first = new Uint8Array(), second = first] = frames;
		const toc = (config << 2) | code;
		if (code === 0) return Uint8Array.from([toc, ...first]);
		if (code === 1) return Uint8Array.from([toc, ...first, ...first]);
		if (code === 2) return Uint8Array.from([toc, ...lengthOf(first), ...first, ...second]);
		const sizes = frames.slice(0, -1).flatMap(lengthOf);
		return Uint8Array.from([toc, 0x80 | frames.length, ...sizes, ...frames.flatMap((f) => [...f])]);
	});

test('a padded packet has the length that is asked for, and the same frames', () => {
	fc.assert(
		fc.property(packets, fc.integer({ min: 0, max: 1500 }), (packet, more) => {
			const wanted = packet.length + more;
			const padded = padOpus(packet, wanted);
			expect(padded).toHaveLength(wanted);
			expect((padded[0] ?? 0) >> 2).toBe((packet[0] ?? 0) >> 2);
			expect(framesOf(padded).map((frame) => [...frame])).toEqual(
				framesOf(packet).map((frame) => [...frame]),
			);
		}),
	);
});

test('what cannot be lengthened stays as it is', () => {
	for (const packet of [[], [3], [3, 0x41, 0, 1, 2]])
		expect([...padOpus(Uint8Array.from(packet), 20)]).toEqual(packet);
});

test('silence and speech are of one length, and nothing gets shorter again', () => {
	const even = new EvenPackets();
	const lengths = [3, 90, 160, 161, 3, 200].map(
		(length) => even.pad(new Uint8Array(length)).length,
	);
	expect(lengths).toEqual([160, 160, 160, 192, 192, 224]);
});
