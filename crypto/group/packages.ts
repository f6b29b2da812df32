import {
	type Capabilities,
	type CiphersuiteImpl,
	type KeyPackage,
	defaultLifetime,
	generateKeyPackageWithKey,
} from 'ts-mls';
import { makeKeyPackageRef, verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { type Bytes, toHex } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, parse } from '#crypto/schema.ts';
import { encodeLeaf, readLeaf } from './leaf.ts';
import {
	type Handle,
	type OwnPackage,
	contextExtension,
	credentialOf,
	decodeMessage,
	encodeMessage,
	leafExtension,
	publicSuite,
	suiteFor,
	suiteName,
} from './library.ts';
import { EpochRefused, demand } from './refusal.ts';

/** Most bytes of a key package. */
export const packageSizeMax = 1024;
/** Unused packages that a store keeps; the oldest is forgotten above it. */
export const unusedMax = 64;

const dayMs = 24 * 60 * 60 * 1000;
// Wide, because clocks of patients are wrong by hours; a package is used within minutes.
const earlierMs = dayMs;
const laterMs = 2 * dayMs;

/** Who a key package is of, and for which session. */
export interface PackageClaim {
	/** 32 bytes. */
	readonly key: Bytes;
	readonly session: string;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
}

/**
 * The key packages of one identity in one session, and their private halves, each of which opens one Welcome and is
 * then gone. Holds no DOM and no storage: it works in a worker, and what it holds dies with it.
 */
export class PackageStore {
	readonly session: string;
	readonly signing: SigningKey;
	readonly clock: () => number;
	/** By hexadecimal KeyPackageRef, oldest first. */
	readonly #unused = new Map<string, OwnPackage>();
	#suite: Promise<{ suite: CiphersuiteImpl; handle: Handle }> | undefined;

	/** `clock` gives milliseconds since 1970. Throws `bad-encoding` when the session is not an id. */
	constructor(options: { signing: SigningKey; session: string; clock: () => number }) {
		this.session = parse(Id, options.session);
		this.signing = options.signing;
		this.clock = options.clock;
	}

	/** Packages whose private half is still here. */
	get unused(): number {
		return this.#unused.size;
	}

	/** `count` fresh public packages (1 to 16) for others to invite this identity with. Throws TypeError on another count. */
	async make(count: number): Promise<Bytes[]> {
		const { suite } = await this.library();
		assert(Number.isInteger(count) && count >= 1 && count <= 16, 'one to sixteen packages');
		const made: Bytes[] = [];
		for (let i = 0; i < count; i++) {
			const own = await this.generate();
			const ref = toHex(await makeKeyPackageRef(own.publicPackage, suite.hash));
			this.#unused.set(ref, own);
			made.push(encodePackage(own.publicPackage));
		}
		for (const oldest of Array.from(this.#unused.keys()).slice(0, -unusedMax))
			this.#unused.delete(oldest);
		return made;
	}

	/** For `makeEpoch` and `joinEpoch`: a package that is not kept. */
	async generate(): Promise<OwnPackage> {
		const { suite, handle } = await this.library();
		const now = this.clock();
		const extensionData = encodeLeaf({
			session: this.session,
			notBefore: Math.max(0, now - earlierMs),
			notAfter: now + laterMs,
		});
		const capabilities: Capabilities = {
			versions: ['mls10'],
			ciphersuites: [suiteName],
			extensions: [contextExtension, leafExtension],
			proposals: [],
			credentials: ['basic'],
		};
		return generateKeyPackageWithKey(
			credentialOf(handle.publicKey),
			capabilities,
			defaultLifetime,
			[],
			handle,
			suite,
			[{ extensionType: leafExtension, extensionData }],
		);
	}

	/** For `joinEpoch`: the package of this reference, if it is here. */
	peek(ref: Uint8Array): OwnPackage | undefined {
		return this.#unused.get(toHex(ref));
	}

	/** For `joinEpoch`: forgets the private half of a package. */
	use(ref: Uint8Array): void {
		this.#unused.delete(toHex(ref));
	}

	/** For `makeEpoch` and `joinEpoch`: the library's cipher suite with this identity's signature. */
	library(): Promise<{ suite: CiphersuiteImpl; handle: Handle }> {
		this.#suite ??= suiteFor(this.signing);
		return this.#suite;
	}
}

function encodePackage(keyPackage: KeyPackage): Bytes {
	return encodeMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage });
}

/**
 * Who a public key package is of, after its signatures were checked. Throws `EpochRefused` with `bad-package`,
 * `wrong-credential`, `too-large`.
 */
export async function openPackage(bytes: Bytes): Promise<PackageClaim> {
	return (await readPackage(bytes)).claim;
}

/** For `makeEpoch`: `openPackage` with the package as the library knows it. */
export async function readPackage(
	bytes: Bytes,
): Promise<{ claim: PackageClaim; keyPackage: KeyPackage }> {
	demand(bytes.length <= packageSizeMax, 'too-large');
	const keyPackage = decodePackage(bytes);
	const { leafNode } = keyPackage;
	const claim = readLeaf(leafNode, 'bad-package');
	const { signature } = await publicSuite();
	const valid =
		keyPackage.cipherSuite === suiteName &&
		keyPackage.extensions.length === 0 &&
		(await verifyLeafNodeSignatureKeyPackage(leafNode, signature)) &&
		(await verifyKeyPackage(keyPackage, signature));
	demand(valid, 'bad-package');
	return { claim, keyPackage };
}

function decodePackage(bytes: Bytes): KeyPackage {
	try {
		const message = decodeMessage(bytes);
		if (message.wireformat === 'mls_key_package') return message.keyPackage;
	} catch (cause) {
		if (cause instanceof CryptoError) throw new EpochRefused('bad-package', { cause });
		throw cause;
	}
	throw new EpochRefused('bad-package');
}
