import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { type Context, decodeContext, encodeContext } from './context.ts';
import { noEvidence, verifyEvidence } from './evidence.ts';
import { EpochRefused, PackageStore, joinEpoch, makeEpoch, openPackage } from './group.ts';
import { mergeEvidence } from './merge.ts';
import { signAdmission, signRemoval } from './statements.ts';

const session = toBase64url(random(16));
const clock = () => 1_763_700_000_000;
const statement = fc.record({
	text: fc.string({ maxLength: 100 }),
	signature: fc.constant('A'.repeat(86)),
});
const statements = fc.array(statement, { maxLength: 4 });
const evidence = fc.record({
	admissions: statements,
	removals: statements,
	receipts: statements,
	recorders: statements,
	notice: fc.option(statement),
});
const contexts = fc.record({
	session: fc.constant(session),
	generation: fc.integer({ min: 1 }),
	previous: fc.constant(random(32)),
	receipts: fc.constant(random(32)),
	evidence,
});

/** The code and reason of what `act` throws. */
function verdict(act: () => unknown): string {
	try {
		act();
		return 'taken';
	} catch (error) {
		return error instanceof EpochRefused ? error.reason : 'thrown';
	}
}

test('a context comes back as it was, in its one form', () => {
	fc.assert(
		fc.property(contexts, (context: Context) => {
			const bytes = encodeContext(context);
			// Lone surrogates cannot travel as UTF-8.
			fc.pre(JSON.stringify(context.evidence).isWellFormed());
			expect(decodeContext(bytes)).toEqual(context);
			const spaced = utf8(` ${new TextDecoder().decode(bytes)}`);
			expect(verdict(() => decodeContext(spaced))).toBe('bad-context');
		}),
	);
});

test('any bytes and any JSON are refused with a word', () => {
	fc.assert(
		fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
			expect(verdict(() => decodeContext(bytes))).toBe('bad-context');
		}),
	);
	expect(verdict(() => decodeContext(new Uint8Array(200_000)))).toBe('too-large');
});

test('a field more or a value out of range makes a context bad', () => {
	const context = { session, previous: random(32), receipts: random(32), evidence: noEvidence };
	const text = new TextDecoder().decode(encodeContext({ ...context, generation: 7 }));
	for (const [from, to] of [
		['"generation":7', '"generation":0'],
		['"generation":7', '"generation":7.5'],
		['"generation":7', '"generation":"7"'],
		['"v":1', '"v":2'],
		['"v":1', '"v":1,"w":1'],
		['"notice":null', '"notice":{}'],
		['"removals":[]', '"removals":[{}]'],
		[session, session.slice(1)],
	] as const) {
		expect(text).toContain(from);
		expect(verdict(() => decodeContext(utf8(text.replace(from, to))))).toBe('bad-context');
	}
});

test('any evidence that nobody signed is refused', async () => {
	const hostKey = random(32);
	const reasons = /^epoch-refused: (?:admission|removal|recorder|receipt|notice)-forged$/;
	await fc.assert(
		fc.asyncProperty(evidence, async (given) => {
			const { notice, ...lists } = given;
			fc.pre(notice !== null || Object.values(lists).some((list) => list.length > 0));
			const attempt = verifyEvidence({ evidence: given, session, hostKey });
			await expect(attempt).rejects.toThrow(reasons);
		}),
	);
});

test('nobody but the host is the host, whatever the host signs', async () => {
	const host = await generateSigningKey();
	const { publicKey: hostKey } = host;
	for (const [key, role] of [
		[random(32), 'host'],
		[hostKey, 'participant'],
	] as const) {
		const value = { v: 1, session, key: toBase64url(key), name: 'X', role };
		const signed = await signJson({ key: host, context: 'sotto/admission/v1', value });
		const given = { ...noEvidence, admissions: [signed] };
		await expect(verifyEvidence({ evidence: given, session, hostKey })).rejects.toMatchObject({
			reason: 'admission-forged',
		});
	}
});

test('evidence has a size', async () => {
	const host = await generateSigningKey();
	const { publicKey: hostKey } = host;
	const big = { text: 'x'.repeat(8000), signature: 'A'.repeat(86) };
	const full = { ...noEvidence, receipts: Array.from({ length: 20 }, () => big) };
	await expect(verifyEvidence({ evidence: full, session, hostKey })).rejects.toMatchObject({
		reason: 'too-large',
	});
});

const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes));

/** Flips one bit, somewhere that `place` (0 to 1) decides. */
function flip(bytes: Bytes, place: number): Bytes {
	const copy = bytes.slice();
	const bit = Math.floor(place * bytes.length * 8);
	copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
	return copy;
}

function codeOf(error: unknown): unknown {
	return error instanceof CryptoError ? error.code : error;
}

const places = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('any bytes as a key package are refused with a code', async () => {
	const store = new PackageStore({ signing: await generateSigningKey(), session, clock });
	const [good] = await store.make(1);
	if (!good) throw new Error('no package');
	const altered = places.map((place) => flip(good, place));
	const huge = openPackage(new Uint8Array(2000));
	await expect(huge).rejects.toMatchObject({ reason: 'too-large' });
	await fc.assert(
		fc.asyncProperty(fc.oneof(anyBytes, altered), async (bytes) => {
			expect(await openPackage(bytes).catch(codeOf)).toBe('epoch-refused');
		}),
		{ numRuns: 200 },
	);
});

test('any bytes as a Welcome are refused with a code', async () => {
	const host = await generateSigningKey();
	const ann = await generateSigningKey();
	const [hosts, anns] = [host, ann].map((signing) => new PackageStore({ signing, session, clock }));
	if (!hosts || !anns) throw new Error('nobody');
	const { publicKey: hostKey } = host;
	const name = { key: ann.publicKey, name: 'Ann', role: 'participant' as const };
	const admissions = [await signAdmission({ host, session, ...name })];
	const place = { session, hostKey, previous: undefined, generation: 1 };
	await fc.assert(
		fc.asyncProperty(places, anyBytes, async (where, random300) => {
			const packages = await anns.make(1);
			const made = await makeEpoch({
				...place,
				store: hosts,
				packages,
				evidence: { ...noEvidence, admissions },
			});
			const attempt = (welcome: Bytes) =>
				joinEpoch({ ...place, store: anns, welcome }).catch(codeOf);
			const codes = ['epoch-refused', 'not-a-recipient'];
			expect(await attempt(random300)).toBe('epoch-refused');
			expect(codes).toContain(await attempt(flip(made.welcome, where)));
		}),
		{ numRuns: 40 },
	);
});

test('what a bundle says is kept, newest last, and nothing of the removed', async () => {
	const host = await generateSigningKey();
	const ann = random(32);
	const admission = { host, session, key: ann, role: 'participant' as const };
	const first = await signAdmission({ ...admission, name: 'Ann' });
	const renamed = await signAdmission({ ...admission, name: 'Anna' });
	const bundle = (admissions: (typeof first)[]) => ({ ...noEvidence, admissions });
	const { publicKey: key } = host;
	const merged = await mergeEvidence(key, bundle([first]), bundle([first, renamed]));
	expect(merged.admissions).toEqual([renamed]);
	const removal = await signRemoval({ host, session, key: ann });
	const after = await mergeEvidence(key, { ...noEvidence, removals: [removal] }, merged);
	expect([after.admissions, after.removals]).toEqual([[], [removal]]);
	await expect(mergeEvidence(await sha256(key), merged)).rejects.toThrow('bad-signature');
});

test('a store forgets the oldest package above sixty-four', async () => {
	const signing = await generateSigningKey();
	const store = new PackageStore({ signing, session, clock });
	for (let i = 0; i < 5; i++) await store.make(16);
	expect(store.unused).toBe(64);
	await expect(store.make(0)).rejects.toThrow(TypeError);
	await expect(store.make(17)).rejects.toThrow(TypeError);
	expect(() => new PackageStore({ signing, session: 'x', clock })).toThrow('bad-encoding');
	const [one] = await store.make(1);
	if (!one) throw new Error('no package');
	expect(await openPackage(one)).toEqual({
		key: signing.publicKey,
		session,
		notBefore: clock() - 86_400_000,
		notAfter: clock() + 2 * 86_400_000,
	});
});
