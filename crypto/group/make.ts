import { type ClientState, createCommit, createGroup } from 'ts-mls';
import { type Bytes, equal, random } from '#crypto/bytes.ts';
import { assert } from '#crypto/errors.ts';
import { encodeContext } from './context.ts';
import { Epoch } from './epoch.ts';
import { type Evidence, verifyEvidence } from './evidence.ts';
import { type Known, viewOf } from './known.ts';
import { configFor, contextExtension, encodeMessage, suiteName } from './library.ts';
import { mergeEvidence } from './merge.ts';
import { type PackageStore, readPackage } from './packages.ts';
import { check, rosterOf } from './policy.ts';
import { EpochRefused, demand } from './refusal.ts';

/** What the creator of an epoch gives. */
export interface MakeOptions {
	/** Of the creator. */
	readonly store: PackageStore;
	readonly session: string;
	readonly hostKey: Bytes;
	/** The epoch the creator is in. Without one, only the host can make an epoch. */
	readonly previous: Epoch | undefined;
	/** Higher than that of `previous`; epochs that were refused count. */
	readonly generation: number;
	/** One unused key package of everybody else who is to be in it. */
	readonly packages: readonly Bytes[];
	/** What is new; what `previous` and `known` say is added. */
	readonly evidence: Evidence;
	readonly known?: Known;
}

/**
 * The next epoch: a fresh group of the creator and the owners of `packages`, with one commit and one Welcome for all.
 * It is in force once the server took the Welcome as the first one of this generation; drop it otherwise.
 * Throws `EpochRefused` when anybody would have to refuse it; `bad-signature` and `bad-encoding` for false evidence.
 */
export async function makeEpoch(options: MakeOptions): Promise<{ epoch: Epoch; welcome: Bytes }> {
	const { store, session, hostKey, previous, generation, packages, known = {} } = options;
	demand(store.session === session, 'other-session');
	const invited = await Promise.all(packages.map(readPackage));
	const now = store.clock();
	for (const { claim } of invited)
		demand(claim.notBefore <= now && now <= claim.notAfter, 'expired-package');
	const view = await viewOf({ session, hostKey, generation, previous, known });
	const evidence = await verifyEvidence({
		evidence: await mergeAll(options),
		session,
		hostKey,
	});
	const own = { key: store.signing.publicKey, session };
	const claim = {
		context: {
			session,
			generation,
			previous: view.previous?.hash ?? new Uint8Array(32),
			receipts: evidence.digest,
			evidence: evidence.evidence,
		},
		leaves: [own, ...invited.map((one) => one.claim)],
		evidence,
	};
	const refusal = check(claim, view);
	if (refusal) throw new EpochRefused(refusal);
	const roster = rosterOf(claim, hostKey);
	const keys = roster.map((member) => member.key);
	const keyPackages = invited.map((one) => one.keyPackage);
	const context = encodeContext(claim.context);
	const made = await commitOnce({ store, keys, keyPackages, context });
	known.receipts?.learn(Array.from(evidence.receipts.values()));
	const { state, suite, welcome } = made;
	assert(sameOrder(state, keys), 'the library keeps the order of packages');
	return { epoch: new Epoch({ state, suite, generation, roster, evidence }), welcome };
}

function sameOrder({ ratchetTree }: ClientState, keys: readonly Bytes[]): boolean {
	return keys.every((key, leaf) => {
		const node = ratchetTree[2 * leaf];
		return node?.nodeType === 'leaf' && equal(node.leaf.signaturePublicKey, key);
	});
}

function mergeAll({ hostKey, previous, evidence, known }: MakeOptions): Promise<Evidence> {
	const besides = {
		admissions: [],
		removals: known?.removals ?? [],
		receipts: known?.receipts?.receipts.map((receipt) => receipt.signed) ?? [],
		recorders: [],
		notice: null,
	};
	const before = previous ? [previous.evidence] : [];
	return mergeEvidence(hostKey, ...before, besides, evidence);
}

/** RFC 9420 §11 and §12.4: a group, one commit that adds everybody, one Welcome. No Remove, Update, PSK or second commit, ever. */
async function commitOnce(options: {
	store: PackageStore;
	keys: readonly Bytes[];
	keyPackages: readonly Awaited<ReturnType<typeof readPackage>>['keyPackage'][];
	context: Bytes;
}) {
	const { store, keys, keyPackages, context } = options;
	const { suite } = await store.library();
	const { publicPackage, privatePackage } = await store.generate();
	const extensions = [{ extensionType: contextExtension, extensionData: context }];
	const config = configFor(keys);
	const group = await createGroup(
		random(16),
		publicPackage,
		privatePackage,
		extensions,
		suite,
		config,
	);
	const extraProposals = keyPackages.map((keyPackage) => ({
		proposalType: 'add' as const,
		add: { keyPackage },
	}));
	const commit = await createCommit(
		{ state: group, cipherSuite: suite },
		{ extraProposals, ratchetTreeExtension: true },
	).catch((cause: unknown) => {
		throw new EpochRefused('bad-package', { cause });
	});
	// A creator who is alone invites nobody; the server still gets a Welcome to put in this generation's place.
	const nobody = { cipherSuite: suiteName, secrets: [], encryptedGroupInfo: new Uint8Array() };
	const welcome = encodeMessage({
		version: 'mls10',
		wireformat: 'mls_welcome',
		welcome: commit.welcome ?? nobody,
	});
	return { state: commit.newState, suite, welcome };
}
