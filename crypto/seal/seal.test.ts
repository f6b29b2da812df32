import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Bytes, concat, fromHex, random, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Identity,
	createStaffIdentity,
	generateParticipantIdentity,
} from '#crypto/identity/identity.ts';
import { decodeBox, encodeBox } from './box.ts';
import { nameQuantumBytes, pad, unpad } from './padding.ts';
import { openSealed, sealTo, sealedBytesMax } from './seal.ts';

const info = 'test/v1';
const aad = utf8('place 1');
const plaintext = utf8('Dana Whitfield');

let staff: Identity;
let other: Identity;
let patient: Identity;

beforeAll(async () => {
	[{ identity: staff }, { identity: other }, patient] = await Promise.all([
		createStaffIdentity(),
		createStaffIdentity(),
		generateParticipantIdentity(),
	]);
});

function sealed(suite: 'x25519' | 'xwing', quantumBytes = 1): Promise<Bytes> {
	return sealTo({ to: staff.publicIdentity, suite, info, aad, plaintext, quantumBytes });
}

describe.each(['x25519', 'xwing'] as const)('a box sealed to %s', (suite) => {
	test('opens for its recipient', async () => {
		const box = await sealed(suite);
		expect(await openSealed({ opener: staff, info, aad, sealed: box })).toEqual(plaintext);
	});

	test('is another each time', async () => {
		expect(await sealed(suite)).not.toEqual(await sealed(suite));
	});

	test('opens for no other key, info or aad', async () => {
		const box = await sealed(suite);
		const wrong = [
			{ opener: other, info, aad },
			{ opener: staff, info: 'test/v2', aad },
			{ opener: staff, info, aad: utf8('place 2') },
		];
		for (const options of wrong)
			await expect(openSealed({ ...options, sealed: box })).rejects.toThrow('open-failed');
	});

	test('opens no more when one byte is altered', async () => {
		const box = await sealed(suite);
		const places = [2, 20, 33, box.length - 17, box.length - 1];
		for (const at of suite === 'xwing' ? [...places, 1100, 1121] : places) {
			const altered = box.slice();
			altered[at] = (altered[at] ?? 0) ^ 1;
			await expect(openSealed({ opener: staff, info, aad, sealed: altered })).rejects.toThrow(
				'open-failed',
			);
		}
	});

	test('has one length for all short names', async () => {
		const long = utf8('A very much longer name of somebody');
		const to = staff.publicIdentity;
		const quantumBytes = nameQuantumBytes;
		const padded = await sealTo({ to, suite, info, aad, plaintext: long, quantumBytes });
		expect(padded.length).toBe((await sealed(suite, quantumBytes)).length);
		expect(await openSealed({ opener: staff, info, aad, sealed: padded })).toEqual(long);
	});
});

test('what is kept of one X-Wing key opens nothing of another', async () => {
	const boxes = await Promise.all(
		[staff, other, staff, other].map(({ publicIdentity: to }) =>
			sealTo({ to, info, aad, plaintext }),
		),
	);
	const opened = await Promise.all(
		[staff, other].flatMap((opener) =>
			boxes.map((box) =>
				openSealed({ opener, info, aad, sealed: box }).then(
					() => true,
					() => false,
				),
			),
		),
	);
	expect(opened).toEqual([true, false, true, false, false, true, false, true]);
});

test('X-Wing is chosen where there is a key for it', async () => {
	const forStaff = await sealTo({ to: staff.publicIdentity, info, aad, plaintext });
	const forPatient = await sealTo({ to: patient.publicIdentity, info, aad, plaintext });
	expect(decodeBox(forStaff).suite).toBe('xwing');
	expect(decodeBox(forPatient).suite).toBe('x25519');
});

test('who has no key of its kind is not a recipient', async () => {
	const box = await sealed('xwing');
	await expect(openSealed({ opener: patient, info, aad, sealed: box })).rejects.toThrow(
		'not-a-recipient',
	);
	const classical = await sealed('x25519');
	const opener = staff.xwing ? { xwing: staff.xwing } : {};
	await expect(openSealed({ opener, info, aad, sealed: classical })).rejects.toThrow(
		'not-a-recipient',
	);
});

test('what is no public key is refused', async () => {
	const smallOrder = fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800');
	const bad = [{}, { x25519: random(31) }, { x25519: new Uint8Array(32) }, { x25519: smallOrder }];
	const alsoBad = [...bad, { xwing: random(1215) }];
	for (const to of alsoBad)
		await expect(sealTo({ to, info, aad, plaintext })).rejects.toThrow('bad-key');
	const tooLong = new Uint8Array(sealedBytesMax + 1);
	const to = patient.publicIdentity;
	await expect(sealTo({ to, info, aad, plaintext: tooLong })).rejects.toThrow('too-large');
});

/** What a call gives, or the code that it throws. */
function outcome<T>(call: () => T): T | string {
	try {
		return call();
	} catch (error) {
		if (error instanceof CryptoError) return error.code;
		throw error;
	}
}

const bytes = fc.uint8Array({ maxLength: 1300 }).map((array) => new Uint8Array(array));

test('any bytes are a box that encodes back to them, or are refused by code', () => {
	const head = fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1, 2, 3));
	fc.assert(
		fc.property(head, bytes, ([version, suite], rest) => {
			const whole = concat(Uint8Array.of(version, suite), rest);
			const encLength = new Map([
				[1, 32],
				[2, 1120],
			]).get(version === 1 ? suite : 0);
			const fits = encLength !== undefined && rest.length >= encLength + 20;
			const code = encLength === undefined ? 'unknown-version' : 'truncated';
			const decoded = outcome(() => encodeBox(decodeBox(whole)));
			expect(decoded).toEqual(fits ? whole : code);
		}),
	);
});

test.each([
	[1, 32],
	[2, 1120],
])('a box of suite %i is at least %i bytes and a sealed length', (suite, encLength) => {
	const shortest = concat(Uint8Array.of(1, suite), random(encLength + 4 + 16));
	expect(decodeBox(shortest).enc.length).toBe(encLength);
	expect(() => decodeBox(shortest.slice(0, -1))).toThrow('truncated');
	expect(() => decodeBox(shortest.slice(0, 1))).toThrow('truncated');
});

test('any bytes make open fail by code, never otherwise', async () => {
	await fc.assert(
		fc.asyncProperty(bytes, async (rest) => {
			const box = concat(Uint8Array.of(1, 1), rest);
			await expect(openSealed({ opener: patient, info, aad, sealed: box })).rejects.toBeInstanceOf(
				CryptoError,
			);
		}),
		{ numRuns: 30 },
	);
});

test('padding comes off as it went on, and only so', () => {
	fc.assert(
		fc.property(bytes, fc.integer({ min: 1, max: 600 }), (value, quantum) => {
			const padded = pad(value, quantum);
			expect(padded.length % quantum).toBe(0);
			expect(padded.length).toBeLessThan(4 + value.length + quantum);
			expect(unpad(padded)).toEqual(value);
		}),
	);
	expect(() => unpad(Uint8Array.of(0, 0, 0, 0, 1))).toThrow('bad-encoding');
	expect(() => unpad(Uint8Array.of(0, 0, 0, 2, 1))).toThrow('bad-encoding');
	expect(() => unpad(Uint8Array.of(0, 0, 0))).toThrow('bad-encoding');
	expect(() => pad(plaintext, 0)).toThrow(TypeError);
});
