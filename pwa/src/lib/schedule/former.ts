import { type Bytes, fromBase64url, sha256, toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import { type Former, digestPages, readDigestPage } from '#crypto/members/former.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { DigestPage } from '#protocol/sessions.ts';

const path = (hash: string): string => `/api/digest-pages/${hash}`;

// A page never changes: its name is its hash.
const pages = new Map<string, Promise<ReadonlySet<string>>>();

function readPage(hash: Bytes): Promise<ReadonlySet<string>> {
	const name = toBase64url(hash);
	const reading =
		pages.get(name) ??
		fetchJson(DigestPage, { path: path(name) }).then(({ page }) =>
			readDigestPage(fromBase64url(page), hash),
		);
	pages.set(name, reading);
	// What could not be fetched is asked for again.
	reading.catch(() => pages.delete(name));
	return reading;
}

const digestOf = (text: string): Promise<Bytes> => sha256(utf8(text));

/** Whether the practice vouches for this text of a former member. Throws `ApiError`, `bad-signature` for a false page. */
export async function isVouched(former: Former, text: string): Promise<boolean> {
	const digest = toHex(await digestOf(text));
	for (const hash of former.pages) if ((await readPage(hash)).has(digest)) return true;
	return false;
}

/** Stores the digests of these texts; gives the hashes of the pages, for the member list. Throws `ApiError`. */
export async function storeDigests(texts: readonly string[]): Promise<Bytes[]> {
	const hashes: Bytes[] = [];
	for (const page of digestPages(await Promise.all(texts.map(digestOf)))) {
		const hash = await sha256(page);
		const body = { page: toBase64url(page) };
		await request({ method: 'PUT', path: path(toBase64url(hash)), body });
		hashes.push(hash);
	}
	return hashes;
}
