import { type Welcome, bytesToBase64, joinGroup, makePskIndex } from 'ts-mls';
import { decodeRatchetTree } from 'ts-mls/ratchetTree.js';
import * as v from 'valibot';
import { equal, fromHex } from '#crypto/bytes.ts';
import { configFor, decodeMessage, publicSuite } from '#crypto/group/library.ts';

const suite = 1;
const Hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/i), v.transform(fromHex));
const SuiteNumber = v.pipe(v.union([v.number(), v.string()]), v.transform(Number));

const Case = v.object({
	cipher_suite: SuiteNumber,
	external_psks: v.array(v.object({ psk_id: Hex, psk: Hex })),
	key_package: Hex,
	signature_priv: Hex,
	encryption_priv: Hex,
	init_priv: Hex,
	welcome: Hex,
	ratchet_tree: v.nullable(Hex),
	initial_epoch_authenticator: Hex,
});
type Case = v.InferOutput<typeof Case>;

const Looks = v.array(
	v.object({
		cipher_suite: SuiteNumber,
		key_package: v.string(),
		welcome: v.string(),
		init_priv: v.string(),
		initial_epoch_authenticator: v.string(),
	}),
);

/** Whether this is a file of the MLS working group's passive-client format. */
export function matches(json: unknown): boolean {
	return Array.isArray(json) && json.length > 0 && v.is(Looks, json);
}

/**
 * Joins from each Welcome of suite 1 with the pinned library, as the product does, and compares the authenticator.
 * Other suites are skipped; so are the commits after it, which the product never processes.
 */
export async function run(
	json: unknown,
): Promise<{ passed: number; failed: number; skipped: number }> {
	const result = { passed: 0, failed: 0, skipped: 0 };
	for (const entry of v.parse(v.array(v.unknown()), json)) {
		const parsed = v.safeParse(Case, entry);
		if (parsed.success && parsed.output.cipher_suite !== suite) result.skipped++;
		else if (parsed.success && (await joins(parsed.output))) result.passed++;
		else result.failed++;
	}
	return result;
}

async function joins(given: Case): Promise<boolean> {
	try {
		return await join(given);
	} catch {
		// A case that throws is a case that failed; the caller counts it.
		return false;
	}
}

async function join(given: Case): Promise<boolean> {
	const message = decodeMessage(given.key_package);
	if (message.wireformat !== 'mls_key_package') return false;
	const { keyPackage } = message;
	const secrets = given.external_psks.map((one) => [bytesToBase64(one.psk_id), one.psk]);
	const state = await joinGroup(
		welcomeOf(given),
		keyPackage,
		{
			initPrivateKey: given.init_priv,
			hpkePrivateKey: given.encryption_priv,
			signaturePrivateKey: given.signature_priv,
		},
		makePskIndex(undefined, Object.fromEntries(secrets)),
		await publicSuite(),
		given.ratchet_tree ? decodeRatchetTree(given.ratchet_tree, 0)?.[0] : undefined,
		undefined,
		{ ...configFor([]), authService: { validateCredential: () => Promise.resolve(true) } },
	);
	return equal(state.keySchedule.epochAuthenticator, given.initial_epoch_authenticator);
}

function welcomeOf(given: Case): Welcome {
	const message = decodeMessage(given.welcome);
	if (message.wireformat !== 'mls_welcome') throw new Error('not a Welcome');
	return message.welcome;
}
