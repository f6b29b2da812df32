import { assert, jsonValue, property } from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { ClientMessage, ServerMessage } from './socket.ts';
import { Id, Email } from './text.ts';

test('an id is 16 bytes and nothing else', () => {
	expect(v.is(Id, 'AAAAAAAAAAAAAAAAAAAAAA')).toBe(true);
	for (const bad of [
		'',
		'A'.repeat(21),
		'A'.repeat(23),
		`${'A'.repeat(21)}B`,
		`${'A'.repeat(21)}=`,
	])
		expect(v.is(Id, bad)).toBe(false);
});

test('an address is compared in lower case', () => {
	expect(v.parse(Email, ' Maya@Example.org ')).toBe('maya@example.org');
});

test('no JSON value makes the parsers throw anything but a ValiError', () => {
	assert(
		property(jsonValue(), (value) => {
			expect(() => v.safeParse(ClientMessage, value)).not.toThrow();
			expect(() => v.safeParse(ServerMessage, value)).not.toThrow();
		}),
	);
});

test('an unknown field is refused', () => {
	expect(v.is(ClientMessage, { type: 'ping' })).toBe(true);
	expect(v.is(ClientMessage, { type: 'ping', more: 1 })).toBe(false);
});
