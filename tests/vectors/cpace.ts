import * as v from 'valibot';
import { type Bytes, equal, fromHex } from '#crypto/bytes.ts';
import {
	generator,
	generatorString,
	multiplyShare,
	sessionKey,
	shareOf,
	toScalar,
} from '#crypto/cpace/group.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Format, type Verdict, tally } from './format.ts';

const Hex = v.pipe(
	v.string(),
	v.transform((text) => fromHex(text)),
);
const Input = { PRS: Hex, CI: Hex, sid: Hex };
const Generator = v.looseObject({
	...Input,
	'generator_string(G.DSI,PRS,CI,sid,H.s_in_bytes)': Hex,
	'encoded generator g': Hex,
});
const Exchange = v.looseObject({
	...Input,
	g: Hex,
	ya: Hex,
	ADa: Hex,
	Ya: Hex,
	yb: Hex,
	ADb: Hex,
	Yb: Hex,
	K: Hex,
	ISK_IR: Hex,
});
const Valid = v.looseObject({ s: Hex, X: Hex, 'G.scalar_mult_vfy(s,X)': Hex });
const Multiply = v.looseObject({ Valid });
const File = v.looseObject({
	generator: v.looseObject({ PRS: v.string() }),
	exchange: v.looseObject({}),
	scalar_mult_vfy: v.looseObject({}),
});

const verdict = (...pairs: readonly (readonly [Bytes, Bytes])[]): Verdict =>
	pairs.every(([a, b]) => equal(a, b)) ? 'passed' : 'failed';

async function generatorCase(one: v.InferOutput<typeof Generator>): Promise<Verdict> {
	const input = { prs: one.PRS, ci: one.CI, sid: one.sid };
	return verdict(
		[generatorString(input), one['generator_string(G.DSI,PRS,CI,sid,H.s_in_bytes)']],
		[generator(input), one['encoded generator g']],
	);
}

async function exchangeCase(one: v.InferOutput<typeof Exchange>): Promise<Verdict> {
	const input = { prs: one.PRS, ci: one.CI, sid: one.sid };
	const [a, b] = [toScalar(one.ya), toScalar(one.yb)];
	const initiator = { share: shareOf(input, a), ad: one.ADa };
	const responder = { share: shareOf(input, b), ad: one.ADb };
	const k = multiplyShare(a, responder.share);
	return verdict(
		[generator(input), one.g],
		[initiator.share, one.Ya],
		[responder.share, one.Yb],
		[k, one.K],
		[multiplyShare(b, initiator.share), one.K],
		[sessionKey(input, k, { initiator, responder }), one.ISK_IR],
	);
}

async function multiplyCase({ Valid: one }: v.InferOutput<typeof Multiply>): Promise<Verdict> {
	return verdict([multiplyShare(toScalar(one.s), one.X), one['G.scalar_mult_vfy(s,X)']]);
}

/** A point that must be refused, with the scalar of the valid case. */
async function refusedCase({ s, X }: { s: Bytes; X: Bytes }): Promise<Verdict> {
	try {
		multiplyShare(toScalar(s), X);
		return 'failed';
	} catch (error) {
		return error instanceof CryptoError && error.code === 'bad-key' ? 'passed' : 'failed';
	}
}

/** Vectors of draft-irtf-cfrg-cpace, CPACE-RISTR255-SHA512, initiator and responder in their roles. */
export const cpace: Format = {
	name: 'CPace ristretto255',
	matches: (json) => v.is(File, json),
	run: async (json) => {
		const { generator: first, exchange, scalar_mult_vfy: multiply } = v.parse(File, json);
		const valid = v.safeParse(v.looseObject({ s: v.string() }), multiply['Valid']);
		const invalid = Object.entries(multiply).filter(([name]) => name.startsWith('Invalid'));
		const bad = invalid.map(([, X]) => ({ s: valid.success ? valid.output.s : '', X }));
		const parts = [
			await tally(Generator, [first], generatorCase),
			await tally(Exchange, [exchange], exchangeCase),
			await tally(Multiply, [multiply], multiplyCase),
			await tally(v.object({ s: Hex, X: Hex }), bad, refusedCase),
		];
		const sum = (key: 'passed' | 'failed' | 'skipped') =>
			parts.reduce((total, part) => total + part[key], 0);
		return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
	},
};
