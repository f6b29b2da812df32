import type { LeafNode } from 'ts-mls';
import { type Bytes, concat, fromBase64url, toBase64url, u64 } from '#crypto/bytes.ts';
import { credentialMatches, leafExtension } from './library.ts';
import { type Refusal, EpochRefused } from './refusal.ts';

/** Bytes of a session id. */
const sessionSize = 16;

/** What an identity says, and signs, in its leaf. */
export interface LeafStatement {
	/** 22 characters. */
	readonly session: string;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
}

/** The body of our LeafNode extension: session, not before, not after. */
export function encodeLeaf(statement: LeafStatement): Bytes {
	const { session, notBefore, notAfter } = statement;
	return concat(fromBase64url(session), u64(BigInt(notBefore)), u64(BigInt(notAfter)));
}

/**
 * Who a leaf is and what it says. Throws `EpochRefused`: `wrong-credential` when the credential is not the signature
 * key, `malformed` when our extension is not the only one or not well-formed.
 */
export function readLeaf(leaf: LeafNode, malformed: Refusal): LeafStatement & { key: Bytes } {
	if (!credentialMatches(leaf.credential, leaf.signaturePublicKey))
		throw new EpochRefused('wrong-credential');
	const [extension, ...others] = leaf.extensions;
	const data = extension?.extensionData;
	if (
		extension?.extensionType !== leafExtension ||
		others.length > 0 ||
		data?.length !== sessionSize + 16
	)
		throw new EpochRefused(malformed);
	const view = new DataView(data.buffer, data.byteOffset, data.length);
	return {
		key: new Uint8Array(leaf.signaturePublicKey),
		session: toBase64url(data.subarray(0, sessionSize)),
		notBefore: Number(view.getBigUint64(sessionSize)),
		notAfter: Number(view.getBigUint64(sessionSize + 8)),
	};
}
