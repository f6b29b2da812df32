import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type CallMessage, decodeCallMessage, encodeCallMessage } from './messages.ts';

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => toBase64url(bytes));
const text = fc.string({ minLength: 1, maxLength: 4000 });
const message: fc.Arbitrary<CallMessage> = fc.oneof(
	fc.record({ type: fc.constant('hello' as const), instance: id }),
	fc.record({ type: fc.constant('head' as const), note: fc.string({ maxLength: 200 }) }),
	fc.record({ type: fc.constant('chat' as const), id, text }),
	fc.record({ type: fc.constant('chat' as const), id, text, all: fc.constant(true as const) }),
	fc.record({ type: fc.constant('hand' as const), up: fc.boolean() }),
	fc.record({ type: fc.constant('mute' as const) }),
	fc.record({ type: fc.constant('pictures' as const), wanted: fc.boolean() }),
	fc.record({
		type: fc.constant('devices' as const),
		microphone: fc.boolean(),
		camera: fc.boolean(),
		screen: fc.boolean(),
	}),
);

test('every message comes out as it went in', () => {
	fc.assert(
		fc.property(message, (said) => {
			expect(decodeCallMessage(encodeCallMessage(said))).toEqual(said);
		}),
	);
});

test('a message with anything more, or anything less, is none', () => {
	fc.assert(
		fc.property(message, fc.string({ minLength: 1 }), fc.anything(), (said, name, value) => {
			if (name in said || name === '__proto__' || JSON.stringify(value) === undefined) return;
			const more = utf8(JSON.stringify({ ...said, [name]: value }));
			expect(() => decodeCallMessage(more)).toThrow(CryptoError);
		}),
	);
	for (const said of [
		{ type: 'hand' },
		{ type: 'hand', up: 1 },
		{ type: 'pictures' },
		{ type: 'chat', id: 'A'.repeat(22), text: '' },
		{ type: 'chat', id: 'A'.repeat(22), text: 'x', all: false },
		{ type: 'chat', id: 'A'.repeat(22), text: 'x'.repeat(4001) },
		{ type: 'raise' },
	])
		expect(() => decodeCallMessage(utf8(JSON.stringify(said)))).toThrow(CryptoError);
});

test('any bytes at all are refused by one error', () => {
	fc.assert(
		fc.property(fc.uint8Array(), (bytes) => {
			expect(() => decodeCallMessage(bytes)).toThrow(CryptoError);
		}),
	);
});
