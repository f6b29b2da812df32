import * as v from 'valibot';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import { openAnnotation, sealAnnotation } from './annotation.ts';

const newId = () => toBase64url(random(16));
const recording = newId();
const author = newId();
const place = { recording, kind: 'notes' };
let key: CryptoKey;
let signing: SigningKey;

beforeAll(async () => {
	key = await importTrackKey(createTrackKey());
	signing = await generateSigningKey();
});

const seal = (body: { text: string }, as = signing) =>
	sealAnnotation({ ...place, key, author: { id: author, signing: as }, version: 3, at: 9, body });
const open = (sealed: Bytes, change: Partial<Parameters<typeof openAnnotation>[0]> = {}) =>
	openAnnotation({
		...place,
		key,
		sealed,
		keysOf: (id) => (id === author ? [signing.publicKey] : []),
		schema: v.strictObject({ text: v.string() }),
		...change,
	});

test('whoever has the key of the manifest reads it and who wrote it', async () => {
	await fc.assert(
		fc.asyncProperty(fc.string({ maxLength: 3000 }), async (text) => {
			const body = { text: text.toWellFormed() };
			expect(await open(await seal(body))).toEqual({ author, version: 3, at: 9, body });
		}),
		{ numRuns: 20 },
	);
});

test('it opens with no other key and in no other place', async () => {
	const sealed = await seal({ text: 'alone' });
	const other = await importTrackKey(createTrackKey());
	await expect(open(sealed, { key: other })).rejects.toThrow('open-failed');
	await expect(open(sealed, { recording: newId() })).rejects.toThrow('open-failed');
	await expect(open(sealed, { kind: 'summary' })).rejects.toThrow('open-failed');
});

test('who has the key but is another cannot write in the name of its author', async () => {
	const forged = await seal({ text: 'forged' }, await generateSigningKey());
	await expect(open(forged)).rejects.toThrow('bad-signature');
	await expect(open(await seal({ text: '' }), { keysOf: () => [] })).rejects.toThrow(
		'bad-signature',
	);
});

test('every altered or shortened byte is refused by code', async () => {
	const sealed = await seal({ text: 'as it was' });
	await fc.assert(
		fc.asyncProperty(
			fc.nat(sealed.length - 1),
			fc.integer({ min: 1, max: 255 }),
			async (at, by) => {
				const altered = sealed.slice();
				altered[at] = (altered[at] ?? 0) ^ by;
				await expect(open(altered)).rejects.toBeInstanceOf(CryptoError);
				await expect(open(sealed.slice(0, at))).rejects.toBeInstanceOf(CryptoError);
			},
		),
		{ numRuns: 60 },
	);
});

test('the length tells little of what was written', async () => {
	const lengths = await Promise.all(
		['', 'a', 'b'.repeat(100)].map(async (text) => (await seal({ text })).length),
	);
	expect(new Set(lengths).size).toBe(1);
});
