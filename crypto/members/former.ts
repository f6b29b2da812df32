import * as v from 'valibot';
import { type Bytes, concat, equal, sha256, toHex } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { Id, bytesText } from '#crypto/schema.ts';
import { type Role, roles } from './roles.ts';

/**
 * What a member was until her part ended: until she left, got other keys or another role. A signature says
 * nothing of when it was made, so the practice vouches for each text that stood then, and for no other.
 */
export interface Former {
	readonly id: string;
	readonly role: Role;
	/** What she signed with, 32 bytes. */
	readonly ed25519: Bytes;
	/** SHA-256 of each page of digests of what she had signed; see `digestPages`. */
	readonly pages: readonly Bytes[];
}

/** The most entries of one list; the oldest make room. */
export const formerMax = 300;
/** The most pages of one entry. */
export const pagesMax = 16;

const digestBytes = 32;
const digestsPerPage = 8192;
/** The most digests of one entry. */
export const digestsMax = pagesMax * digestsPerPage;

export const FormerSchema = v.strictObject({
	id: Id,
	role: v.picklist(roles),
	ed25519: bytesText(32),
	pages: v.pipe(v.array(bytesText(digestBytes)), v.maxLength(pagesMax)),
});

/**
 * Digests (SHA-256) of texts as pages, sorted, each once. Throws TypeError for a digest of another length
 * and for more than fit into `pagesMax` pages.
 */
export function digestPages(digests: readonly Bytes[]): Bytes[] {
	assert(
		digests.every(({ length }) => length === digestBytes),
		'a digest has 32 bytes',
	);
	const sorted = [...new Map(digests.map((digest) => [toHex(digest), digest]))]
		.toSorted(([a], [b]) => (a < b ? -1 : 1))
		.map(([, digest]) => digest);
	const count = Math.ceil(sorted.length / digestsPerPage);
	assert(count <= pagesMax, 'too many digests');
	return Array.from({ length: count }, (_, page) =>
		concat(...sorted.slice(page * digestsPerPage, (page + 1) * digestsPerPage)),
	);
}

/** The digests of a page, as hex. Throws `bad-signature` when it is not the page with this hash, `truncated`. */
export async function readDigestPage(page: Bytes, hash: Bytes): Promise<Set<string>> {
	if (!equal(await sha256(page), hash)) throw new CryptoError('bad-signature');
	if (page.length % digestBytes !== 0) throw new CryptoError('truncated');
	return new Set(
		Array.from({ length: page.length / digestBytes }, (_, at) =>
			toHex(page.subarray(at * digestBytes, (at + 1) * digestBytes)),
		),
	);
}
