import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, random } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type WrapContext, unwrap, wrap } from './wrap.ts';

const secret = random(32);
const context: WrapContext = { purpose: 'sotto/account/password/v1', belongsTo: 'account-1' };
const plaintext = random(32);

test('the same secret for another purpose or owner opens nothing', async () => {
	const wrapped = await wrap({ secret, context, plaintext });
	expect(await unwrap({ secret, context, wrapped })).toEqual(plaintext);
	const others: WrapContext[] = [
		{ ...context, purpose: 'sotto/account/recovery/v1' },
		{ ...context, belongsTo: 'account-2' },
		{ ...context, belongsTo: ['account-1'] },
	];
	for (const other of others)
		await expect(unwrap({ secret, context: other, wrapped })).rejects.toThrow('open-failed');
});

test('another version is said to be one, any other altered byte fails to open', async () => {
	const wrapped = await wrap({ secret, context, plaintext });
	const newer = concat(Uint8Array.of(2), wrapped.slice(1));
	await expect(unwrap({ secret, context, wrapped: newer })).rejects.toThrow('unknown-version');
	for (let at = 1; at < wrapped.length; at++) {
		const altered = wrapped.slice();
		altered[at] = (altered[at] ?? 0) ^ 128;
		await expect(unwrap({ secret, context, wrapped: altered })).rejects.toThrow('open-failed');
	}
	for (let length = 0; length < wrapped.length; length++)
		await expect(unwrap({ secret, context, wrapped: wrapped.slice(0, length) })).rejects.toThrow(
			length < 49 ? 'truncated' : 'open-failed',
		);
});

test('any bytes are refused by code', async () => {
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), async (bytes) => {
			const wrapped = new Uint8Array(bytes);
			await expect(unwrap({ secret, context, wrapped })).rejects.toBeInstanceOf(CryptoError);
		}),
	);
});
