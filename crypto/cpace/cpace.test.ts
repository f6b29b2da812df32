import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bytes, equal, fromHex, random, toHex, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { generateParticipantIdentity } from '#crypto/identity/identity.ts';
import {
	CodeAnswer,
	CodeAttempt,
	type CodeTry,
	createCodeSecret,
	formatCode,
	openCodePlace,
	parseCode,
	sealCodePlace,
} from './code.ts';
import { CpaceRun } from './cpace.ts';
import { generator, multiplyShare, sampleScalar, sessionKey, shareOf, toScalar } from './group.ts';

const flipped = (bytes: Bytes, at = 7): Bytes => bytes.map((b, i) => (i === at ? b ^ 1 : b));
const id = 'AAAAAAAAAAAAAAAAAAAAAA';

test('the example of draft-irtf-cfrg-cpace for ristretto255', () => {
	const input = {
		prs: utf8('Password'),
		ci: fromHex('6f630b425f726573706f6e6465720b415f696e69746961746f72'),
		sid: fromHex('7e4b4791d6a8ef019b936c79fb7f2c57'),
	};
	const ya = toScalar(fromHex('da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08'));
	const yb = toScalar(fromHex('d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d'));
	expect(toHex(generator(input))).toBe(
		'a6fc82c3b8968fbb2e06fee81ca858586dea50d248f0c7ca6a18b0902a30b36b',
	);
	const initiator = { share: shareOf(input, ya), ad: utf8('ADa') };
	const responder = { share: shareOf(input, yb), ad: utf8('ADb') };
	expect(toHex(initiator.share)).toBe(
		'd40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a',
	);
	expect(toHex(responder.share)).toBe(
		'08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307',
	);
	const k = multiplyShare(ya, responder.share);
	expect(equal(k, multiplyShare(yb, initiator.share))).toBe(true);
	expect(toHex(sessionKey(input, k, { initiator, responder }))).toBe(
		'4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1',
	);
});

const run = () =>
	new CpaceRun({
		prs: utf8('1'),
		ci: utf8('c'),
		sid: random(16),
		role: 'responder',
		ad: utf8('b'),
	});

const newTry = async (code = '123456789'): Promise<CodeTry> => ({
	code: parseCode(code),
	hostNonce: random(16),
	nonce: random(16),
	host: (await generateParticipantIdentity()).publicIdentity,
	participant: (await generateParticipantIdentity()).publicIdentity,
});

function outcome(share: Bytes): string {
	try {
		run().meet({ share, ad: utf8('a') });
		return 'met';
	} catch (error) {
		return error instanceof CryptoError ? error.code : String(error);
	}
}

describe('points of others', () => {
	test('the neutral one, invalid ones, other lengths and the own share are refused', () => {
		const valid = shareOf({ prs: utf8('1'), ci: utf8('c'), sid: random(16) }, sampleScalar());
		const invalid = '2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c';
		// RFC 9496 §A.2: non-canonical, negative, and with no square root.
		const bad = [
			'00'.repeat(32),
			invalid,
			`00${'ff'.repeat(31)}`,
			'0100000000000000000000000000000000000000000000000000000000000000',
			'26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371',
		].map(fromHex);
		for (const share of [...bad, valid.slice(1), new Uint8Array(33), new Uint8Array()])
			expect(() => run().meet({ share, ad: utf8('a') })).toThrow('bad-key');
		const own = run();
		expect(() => own.meet({ share: own.share, ad: utf8('a') })).toThrow('bad-key');
	});

	test('any bytes are a point or are refused, and never anything else', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
				const share = Uint8Array.from(bytes);
				expect(['met', 'bad-key']).toContain(outcome(share));
			}),
			{ numRuns: 60 },
		);
	});

	test('a run answers once', () => {
		const one = run();
		const share = run().share;
		one.meet({ share, ad: utf8('a') });
		expect(() => one.meet({ share, ad: utf8('a') })).toThrow(TypeError);
	});

	test('an exponent is below the order and not 0', () => {
		for (const bad of ['00', 'ff'])
			expect(() => toScalar(fromHex(bad.repeat(32)))).toThrow('bad-key');
		expect(() => toScalar(new Uint8Array(31))).toThrow('bad-key');
	});
});

describe('a try', () => {
	test('with the same code and the same keys both get one key, and the place opens with it', async () => {
		const one = await newTry();
		const attempt = new CodeAttempt(one);
		const answer = new CodeAnswer(one, attempt.share);
		const { tag, key } = attempt.finish(answer);
		expect(equal(answer.confirm(tag), key)).toBe(true);
		const sealed = await sealCodePlace(key, id);
		expect(await openCodePlace(key, sealed)).toBe(id);
		await expect(openCodePlace(key, flipped(sealed))).rejects.toThrow('open-failed');
		expect(() => answer.confirm(flipped(tag))).toThrow('open-failed');
		// The host's own tag proves nothing to the host.
		expect(() => answer.confirm(answer.tag)).toThrow('open-failed');
	});

	test('another secret, nameplate, nonce or key on either side is caught by both', async () => {
		const one = await newTry();
		const other = (await generateParticipantIdentity()).publicIdentity;
		const { ed25519 } = other;
		const changes: Partial<CodeTry>[] = [
			{ code: parseCode('123456788') },
			{ code: parseCode('124456789') },
			{ code: parseCode('000123456789') },
			{ hostNonce: random(16) },
			{ nonce: random(16) },
			{ hostNonce: one.nonce, nonce: one.hostNonce },
			{ host: other },
			{ host: { ...one.host, ed25519 } },
			{ host: { ...one.host, x25519: other.x25519 } },
			{ participant: other },
			{ participant: { ...one.participant, ed25519 } },
			{ host: one.participant, participant: one.host },
		];
		for (const change of changes) {
			const attempt = new CodeAttempt(one);
			const answer = new CodeAnswer({ ...one, ...change }, attempt.share);
			expect(() => attempt.finish(answer)).toThrow('open-failed');
			expect(() => answer.confirm(random(64))).toThrow('open-failed');
		}
	});
});

test('nine or twelve digits are a code, however they are written, and nothing else is', () => {
	for (const text of [
		'123456789',
		'123 456 789',
		' 123-456-789 ',
		'1 2 3 4 5 6 7 8 9',
		'123\u2013456\u2011789',
		'\u200e123.456.789\u00a0\n',
	])
		expect(parseCode(text)).toEqual({ nameplate: '123', secret: '456789' });
	expect(parseCode('123 456-789 012')).toEqual({ nameplate: '123456', secret: '789012' });
	for (const bad of [
		'',
		'12345678',
		'1234567890',
		'12345678901',
		'1234567890123',
		'12345678a',
		'１２３４５６７８９',
		'+12345678',
	])
		expect(() => parseCode(bad)).toThrow('bad-encoding');
	const digits = fc.stringMatching(/^(?:[0-9]{3}){3,4}$/);
	fc.assert(
		fc.property(digits, (text) => {
			const formatted = formatCode(parseCode(text));
			expect(formatted).toMatch(/^\d{3}(?: \d{3}){2,3}$/);
			expect(formatted.replaceAll(' ', '')).toBe(text);
			expect(formatCode(parseCode(formatted))).toBe(formatted);
		}),
	);
	fc.assert(
		fc.property(fc.string(), (text) => {
			const bare = text.replaceAll(/[^\p{L}\p{N}\p{S}\p{P}]/gu, '').replaceAll(/[.\p{Pd}]/gu, '');
			fc.pre(!/^(?:\d{3}){3,4}$/.test(bare));
			expect(() => parseCode(text)).toThrow('bad-encoding');
		}),
	);
});

test('secrets are six digits, and every digit comes at every place', () => {
	const seen = Array.from({ length: 6 }, () => new Set<string>());
	for (let i = 0; i < 500; i++) {
		const secret = createCodeSecret();
		expect(secret).toMatch(/^\d{6}$/);
		Array.from(secret, (digit, at) => seen[at]?.add(digit));
	}
	expect(seen.map((digits) => digits.size)).toEqual([10, 10, 10, 10, 10, 10]);
});
