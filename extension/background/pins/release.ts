import { type Bytes, fromBase64url, utf8 } from '#crypto/bytes.ts';
import { verify } from '#crypto/identity/signing.ts';
import * as v from 'valibot';
import { api } from '../../chrome.ts';

const bytesMax = 1_000_000;
/** A site that takes longer is not reached. */
const answerMs = 15_000;

/** What the site said of its code cannot be believed, or was not to be had. */
export class ReleaseError extends Error {
	override readonly name = 'ReleaseError';
	/** `rollback`: an older release than one that was seen, or another of the same moment. */
	readonly code: 'unreachable' | 'unsigned' | 'rollback';

	constructor(code: ReleaseError['code'], options?: ErrorOptions) {
		super(code, options);
		this.code = code;
	}
}

const Sealed = v.strictObject({ payload: v.string(), signature: v.string() });

const Payload = v.object({
	version: v.pipe(v.string(), v.maxLength(100)),
	commit: v.string(),
	/** Milliseconds since 1970: later releases have later ones. */
	issued: v.pipe(v.number(), v.integer(), v.minValue(0)),
	/** The policy under which a page can run nothing but this release. */
	csp: v.pipe(v.string(), v.startsWith("default-src 'none'; "), v.regex(/^[ -~]+$/)),
	files: v.record(v.string(), v.string()),
});

export interface Release {
	readonly version: string;
	readonly issued: number;
	readonly csp: string;
	readonly files: number;
}

const KeyFile = v.object({ key: v.string() });

/** The public key of releases that this package was built with, raw; `undefined` where it has none. */
export async function releaseKey(): Promise<Bytes | undefined> {
	try {
		const file = await fetch(api.runtime.getURL('release-key.json'));
		return fromBase64url(v.parse(KeyFile, await file.json()).key);
	} catch {
		return undefined;
	}
}

/** What it says, as far as it is not too long. */
async function textOf(body: ReadableStream<Bytes>): Promise<string> {
	const decoder = new TextDecoder();
	let text = '';
	for await (const piece of body) {
		text += decoder.decode(piece, { stream: true });
		if (text.length > bytesMax) break;
	}
	return text + decoder.decode();
}

async function download(origin: string): Promise<string> {
	try {
		const url = `${origin}/release.json`;
		const answer = await fetch(url, {
			cache: 'no-store',
			credentials: 'omit',
			redirect: 'error',
			signal: AbortSignal.timeout(answerMs),
		});
		if (!answer.ok || !answer.body) throw new ReleaseError('unreachable');
		return await textOf(answer.body);
	} catch (cause) {
		throw new ReleaseError('unreachable', { cause });
	}
}

/**
 * Opens the text of release.json.
 * @throws ReleaseError `unsigned` when it is not signed by the key, or is not a release
 */
export async function openRelease(text: string, key: Bytes): Promise<Release> {
	try {
		if (text.length > bytesMax) throw new RangeError('too long');
		const { payload, signature } = v.parse(Sealed, JSON.parse(text));
		const signed = await verify({
			publicKey: key,
			context: 'sotto/release/v1',
			message: utf8(payload),
			signature: fromBase64url(signature),
		});
		if (!signed) throw new TypeError('another key');
		const { files, version, issued, csp } = v.parse(Payload, JSON.parse(payload));
		return { version, issued, csp, files: Object.keys(files).length };
	} catch (cause) {
		throw new ReleaseError('unsigned', { cause });
	}
}

/**
 * The release that a site names now.
 * @param before the newest that was ever seen of this site
 * @throws ReleaseError `rollback` when it is older than `before`, or another of the same moment
 */
export async function fetchRelease(
	origin: string,
	key: Bytes,
	before: Release | undefined,
): Promise<Release> {
	const release = await openRelease(await download(origin), key);
	if (before) {
		const same = release.csp === before.csp && release.version === before.version;
		if (release.issued < before.issued || (release.issued === before.issued && !same))
			throw new ReleaseError('rollback');
	}
	return release;
}
