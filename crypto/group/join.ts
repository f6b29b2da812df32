import {
	type CiphersuiteImpl,
	type ClientState,
	type GroupInfo,
	type Welcome,
	emptyPskIndex,
	joinGroup,
} from 'ts-mls';
import { ratchetTreeFromExtension } from 'ts-mls/groupInfo.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import type { Bytes } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { contextSizeMax, decodeContext } from './context.ts';
import { Epoch } from './epoch.ts';
import { verifyEvidence } from './evidence.ts';
import { type Known, viewOf } from './known.ts';
import { type LeafStatement, readLeaf } from './leaf.ts';
import {
	type OwnPackage,
	configFor,
	contextExtension,
	decodeMessage,
	suiteName,
} from './library.ts';
import type { PackageStore } from './packages.ts';
import { check, peopleMax, recordersMax, rosterOf } from './policy.ts';
import { EpochRefused, demand } from './refusal.ts';

const membersMax = peopleMax + recordersMax;
/** Most bytes of a Welcome: the context, and a leaf, a parent and sealed secrets for each member. */
export const welcomeSizeMax = contextSizeMax + membersMax * 2048;

/** What somebody who is invited gives. */
export interface JoinOptions {
	/** Of who is invited. */
	readonly store: PackageStore;
	readonly session: string;
	readonly hostKey: Bytes;
	/** The epoch I am in; undefined when I am in none, and take any higher generation. */
	readonly previous: Epoch | undefined;
	/** The generation that the server put it under. */
	readonly generation: number;
	readonly welcome: Bytes;
	readonly known?: Known;
}

/**
 * Takes part in an epoch that somebody made, after checking every rule that its creator had to keep.
 * Throws `not-a-recipient` when no unused package of mine was invited (then others may be in it without me), and
 * `EpochRefused` with the reason otherwise: skip it and stay in `previous`. With `other-previous` I have missed one:
 * come back with a new key package and without `previous`. Uses up the key package, whatever comes of it.
 */
export async function joinEpoch(options: JoinOptions): Promise<Epoch> {
	const { store, session, hostKey, previous, generation, known = {} } = options;
	demand(store.session === session, 'other-session');
	const welcome = decodeWelcome(options.welcome);
	const { suite } = await store.library();
	const { own, info } = await openWelcome({ store, suite, welcome });
	const leaves = leavesOf(info);
	const context = contextOf(info);
	const view = await viewOf({ session, hostKey, generation, previous, known });
	const evidence = await verifyEvidence({ evidence: context.evidence, session, hostKey });
	const claim = { context, leaves, evidence };
	const refusal = check(claim, view);
	if (refusal) throw new EpochRefused(refusal);
	const roster = rosterOf(claim, hostKey);
	const keys = roster.map((member) => member.key);
	const state = await join({ welcome, own, suite, keys });
	known.receipts?.learn(Array.from(evidence.receipts.values()));
	return new Epoch({ state, suite, generation, roster, evidence });
}

function decodeWelcome(bytes: Bytes): Welcome {
	demand(bytes.length <= welcomeSizeMax, 'too-large');
	try {
		const message = decodeMessage(bytes);
		if (message.wireformat === 'mls_welcome') return message.welcome;
	} catch (cause) {
		if (cause instanceof CryptoError) throw new EpochRefused('not-a-welcome', { cause });
		throw cause;
	}
	throw new EpochRefused('not-a-welcome');
}

/** RFC 9420 §12.4.3.1 as far as the GroupInfo: who signed it and what is in it, which the library does not tell afterwards. */
async function openWelcome(options: {
	store: PackageStore;
	suite: CiphersuiteImpl;
	welcome: Welcome;
}): Promise<{ own: OwnPackage; info: GroupInfo }> {
	const { store, suite, welcome } = options;
	demand(welcome.cipherSuite === suiteName, 'not-a-welcome');
	demand(welcome.secrets.length <= membersMax, 'not-a-welcome');
	const ref = welcome.secrets.find(({ newMember }) => store.peek(newMember))?.newMember;
	const own = ref && store.peek(ref);
	if (!own) throw new CryptoError('not-a-recipient');
	// Used up before anything is opened with it: a package never serves two Welcomes.
	store.use(ref);
	const { hpke, kdf } = suite;
	try {
		const key = await hpke.importPrivateKey(own.privatePackage.initPrivateKey);
		const secrets = await decryptGroupSecrets(key, ref, welcome, hpke);
		if (!secrets || secrets.psks.length > 0) throw new EpochRefused('not-one-commit');
		const noPsk = new Uint8Array(kdf.size);
		const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
		if (!info) throw new EpochRefused('not-a-welcome');
		return { own, info };
	} catch (cause) {
		if (cause instanceof CryptoError) throw cause;
		throw new EpochRefused('not-a-welcome', { cause });
	}
}

/** The leaves of a group whose one commit, by leaf 0, did nothing but add: epoch 1, no gap, no parent, no updated leaf. */
function leavesOf(info: GroupInfo): (LeafStatement & { key: Bytes })[] {
	const tree = treeOf(info);
	const leaves = tree.flatMap((node) => (node?.nodeType === 'leaf' ? [node.leaf] : []));
	const oneCommit =
		info.groupContext.epoch === 1n &&
		info.signer === 0 &&
		leaves.length <= membersMax &&
		leaves.every((leaf, at) => {
			const node = tree[2 * at];
			return node?.nodeType === 'leaf' && leaf.leafNodeSource === 'key_package';
		}) &&
		tree.every((node) => node?.nodeType !== 'parent');
	demand(oneCommit, 'not-one-commit');
	return leaves.map((leaf) => readLeaf(leaf, 'bad-context'));
}

function treeOf(info: GroupInfo) {
	try {
		const tree = ratchetTreeFromExtension(info);
		if (tree && info.extensions.length === 1) return tree;
	} catch (cause) {
		throw new EpochRefused('not-a-welcome', { cause });
	}
	throw new EpochRefused('not-one-commit');
}

function contextOf(info: GroupInfo) {
	const [extension, ...others] = info.groupContext.extensions;
	if (extension?.extensionType !== contextExtension || others.length > 0)
		throw new EpochRefused('bad-context');
	return decodeContext(extension.extensionData);
}

async function join(options: {
	welcome: Welcome;
	own: OwnPackage;
	suite: CiphersuiteImpl;
	keys: readonly Bytes[];
}): Promise<ClientState> {
	const { welcome, own, suite, keys } = options;
	const { publicPackage, privatePackage } = own;
	const config = configFor(keys);
	try {
		return await joinGroup(
			welcome,
			publicPackage,
			privatePackage,
			emptyPskIndex,
			suite,
			undefined,
			undefined,
			config,
		);
	} catch (cause) {
		throw new EpochRefused('not-valid', { cause });
	}
}
