import {
	type Credential,
	type KeyPackage,
	createCommit,
	createGroup,
	defaultLifetime,
	generateKeyPackageWithKey,
} from 'ts-mls';
import { type Bytes, random } from '#crypto/bytes.ts';
import { type Context, encodeContext } from '#crypto/group/context.ts';
import { encodeLeaf } from '#crypto/group/leaf.ts';
import {
	configFor,
	contextExtension,
	credentialOf,
	decodeMessage,
	encodeMessage,
	leafExtension,
	suiteFor,
	suiteName,
} from '#crypto/group/library.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { clock } from './person.ts';

/** What a client that keeps no rules puts into its leaf. */
export interface ForgedLeaf {
	readonly signing: SigningKey;
	readonly session: string;
	/** Somebody else's identity. */
	readonly credential?: Credential;
	/** Milliseconds since 1970. */
	readonly notAfter?: number;
}

/** A key package without any of the checks of `PackageStore`. */
export async function forgePackage(options: ForgedLeaf) {
	const { signing, session, credential = credentialOf(signing.publicKey), notAfter } = options;
	const { suite, handle } = await suiteFor(signing);
	const now = clock();
	const extensionData = encodeLeaf({ session, notBefore: 0, notAfter: notAfter ?? now + 1000 });
	const own = await generateKeyPackageWithKey(
		credential,
		{
			versions: ['mls10'],
			ciphersuites: [suiteName],
			extensions: [contextExtension, leafExtension],
			proposals: [],
			credentials: ['basic'],
		},
		defaultLifetime,
		[],
		handle,
		suite,
		[{ extensionType: leafExtension, extensionData }],
	);
	const { publicPackage: keyPackage } = own;
	const bytes = encodeMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage });
	return { ...own, bytes };
}

/** A Welcome without any of the checks of `makeEpoch`: everything in it is as its maker wants it. */
export async function forgeWelcome(options: {
	leaf: ForgedLeaf;
	packages: readonly Bytes[];
	context: Context | Bytes;
	/** Commits again after the first one. */
	twice?: boolean;
	/** Types of the GroupContext extensions, each with the same content. */
	types?: readonly number[];
}): Promise<Bytes> {
	const { leaf, packages, context, twice, types = [contextExtension] } = options;
	const { suite } = await suiteFor(leaf.signing);
	const { publicPackage, privatePackage } = await forgePackage(leaf);
	// The same handle has to serve the package and the commit.
	const signing = await suiteFor(leaf.signing);
	const own = { ...privatePackage, signaturePrivateKey: signing.handle.signKey };
	const extensionData = context instanceof Uint8Array ? context : encodeContext(context);
	const config = {
		...configFor([]),
		authService: { validateCredential: () => Promise.resolve(true) },
	};
	const extensions = types.map((extensionType) => ({ extensionType, extensionData }));
	let state = await createGroup(random(16), publicPackage, own, extensions, suite, config);
	if (twice) {
		const first = await createCommit({ state, cipherSuite: signing.suite }, {});
		state = first.newState;
	}
	const extraProposals = packages.map((bytes) => ({
		proposalType: 'add' as const,
		add: { keyPackage: keyPackageOf(bytes) },
	}));
	const { welcome } = await createCommit(
		{ state, cipherSuite: signing.suite },
		{ extraProposals, ratchetTreeExtension: true },
	);
	if (!welcome) throw new Error('nobody was invited');
	return encodeMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome });
}

function keyPackageOf(bytes: Bytes): KeyPackage {
	const message = decodeMessage(bytes);
	if (message.wireformat !== 'mls_key_package') throw new Error('not a key package');
	return message.keyPackage;
}
