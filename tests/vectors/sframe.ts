import * as v from 'valibot';
import { concat, equal, fromHex, toHex } from '#crypto/bytes.ts';
import {
	deriveSecrets,
	importFrameKey,
	nonce,
	openFrame,
	sealFrame,
	suite,
} from '#crypto/sframe/cipher.ts';
import { decodeHeader, encodeHeader } from '#crypto/sframe/header.ts';

const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/i), v.transform(fromHex));

// Above 2^53 a JSON number is not the number that was written: whoever reads the file quotes it first.
const U64 = v.pipe(
	v.union([
		v.pipe(v.string(), v.regex(/^\d{1,20}$/)),
		v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
	]),
	v.transform((value: number | string) => BigInt(value)),
);

const SuiteNumber = v.pipe(v.union([v.number(), v.string()]), v.transform(Number));
const HeaderCase = v.object({ kid: U64, ctr: U64, encoded: Hex });
const FrameCase = v.object({
	cipher_suite: SuiteNumber,
	kid: U64,
	ctr: U64,
	base_key: Hex,
	sframe_key: Hex,
	sframe_salt: Hex,
	metadata: Hex,
	nonce: Hex,
	aad: Hex,
	pt: Hex,
	ct: Hex,
});
const File = v.object({
	header: v.optional(v.array(v.unknown()), []),
	sframe: v.optional(v.array(v.unknown()), []),
	aes_ctr_hmac: v.optional(v.array(v.unknown()), []),
});
const Suite = v.object({ cipher_suite: SuiteNumber });

function looks(value: unknown, keys: readonly string[]): boolean {
	return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}

/** Whether this is a file of the SFrame working group's format. */
export function matches(json: unknown): boolean {
	if (!v.is(File, json) || Array.isArray(json)) return false;
	const { header, sframe } = v.parse(File, json);
	return (
		header.length + sframe.length > 0 &&
		header.every((entry) => looks(entry, ['kid', 'ctr', 'encoded'])) &&
		sframe.every((entry) => looks(entry, ['cipher_suite', 'base_key', 'pt', 'ct']))
	);
}

/** Runs every header case and the cases of AES_128_GCM_SHA256_128; other suites are skipped. */
export async function run(
	json: unknown,
): Promise<{ passed: number; failed: number; skipped: number }> {
	const { header, sframe, aes_ctr_hmac: others } = v.parse(File, json);
	const result = { passed: 0, failed: 0, skipped: others.length };
	const count = (ok: boolean) => (ok ? result.passed++ : result.failed++);
	for (const entry of header) count(runHeader(entry));
	for (const entry of sframe) {
		const given = v.safeParse(Suite, entry);
		if (given.success && given.output.cipher_suite !== suite) result.skipped++;
		else count(await runFrame(entry));
	}
	return result;
}

function runHeader(entry: unknown): boolean {
	const parsed = v.safeParse(HeaderCase, entry);
	if (!parsed.success) return false;
	const { kid, ctr, encoded } = parsed.output;
	const back = attempt(() => decodeHeader(encoded));
	return (
		equal(encodeHeader({ kid, ctr }), encoded) &&
		back?.kid === kid &&
		back.ctr === ctr &&
		back.size === encoded.length
	);
}

async function runFrame(entry: unknown): Promise<boolean> {
	const parsed = v.safeParse(FrameCase, entry);
	if (!parsed.success) return false;
	const { kid, ctr, base_key: baseKey, metadata, pt, ct } = parsed.output;
	const secrets = await deriveSecrets({ baseKey, kid });
	const frameKey = await importFrameKey({ baseKey, kid, usage: 'encrypt' });
	const openKey = await importFrameKey({ baseKey, kid, usage: 'decrypt' });
	const payload = concat(metadata, pt);
	const frame = await sealFrame({ frameKey, kid, ctr, payload, clear: metadata.length });
	const keyOf = (asked: bigint) => (asked === kid ? openKey : undefined);
	const opened = await openFrame({
		keyOf,
		frame: concat(metadata, ct),
		clear: metadata.length,
	}).catch(() => undefined);
	return (
		equal(secrets.key, parsed.output.sframe_key) &&
		equal(secrets.salt, parsed.output.sframe_salt) &&
		equal(nonce(secrets.salt, ctr), parsed.output.nonce) &&
		equal(concat(encodeHeader({ kid, ctr }), metadata), parsed.output.aad) &&
		equal(frame.subarray(metadata.length), ct) &&
		opened !== undefined &&
		toHex(opened.payload) === toHex(payload)
	);
}

function attempt<T>(act: () => T): T | undefined {
	try {
		return act();
	} catch {
		// A case that throws is a case that failed; the caller counts it.
		return undefined;
	}
}
