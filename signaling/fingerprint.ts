import type { PublicIdentity } from './protocol/text.ts';
import { sha256 } from './random.ts';

/** SHA-256 of the canonical public identity, as clients name a device or a person. */
export function identityHash({ ed25519, x25519, xwing }: PublicIdentity): string {
	const ordered = { ed25519, x25519, ...(xwing !== undefined && { xwing }) };
	return sha256(JSON.stringify(ordered)).toString('base64url');
}
