import { sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, fromBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import type { TrackKeys } from '#lib/recordings/keys.ts';
import type { Outline, SealedPerson } from '#lib/recordings/outline.ts';
import { type ArchiveFile, archiveBytesMax } from './archive.ts';
import { CopyError } from './errors.ts';
import { type RangeSource, openMedia } from './media.ts';
import { type PageWords, pageOf } from './page.ts';
import { type CopiedMedia, vconOf } from './vcon.ts';
import type { Written } from './vouch.ts';

/** A text beside the media. */
export interface CopyText {
	readonly file: string;
	/** What it is, for whoever looks into the folder. */
	readonly what: string;
	/** The same in a word for the descriptor (vCon's `purpose`). */
	readonly purpose: string;
	readonly mediatype: string;
	readonly text: string;
}

export interface CopyWish {
	readonly manifest: Pick<Manifest, 'recording' | 'startedAt' | 'title' | 'purpose' | 'people'>;
	readonly outline: Outline;
	readonly keys: TrackKeys;
	readonly source: RangeSource;
	/** Ids (of the outline) of those whose media are in the copy. */
	readonly people: ReadonlySet<string>;
	readonly texts: readonly CopyText[];
	readonly words: PageWords & {
		readonly descriptor: string;
		readonly sums: string;
		readonly statement: string;
	};
	/** Signs what was written; without it nobody does. */
	readonly vouch?: (written: Written) => Promise<string>;
	/** Milliseconds since 1970. */
	readonly at: number;
	readonly signal?: AbortSignal;
	/** Called with the bytes of media that were written so far. */
	readonly onprogress?: (bytes: number) => void;
}

type WithMedia = SealedPerson & { readonly media: NonNullable<SealedPerson['media']> };

const hasMedia = (person: SealedPerson): person is WithMedia => person.media !== undefined;
const json = (value: unknown): string => `${JSON.stringify(value, null, '\t')}\n`;

/** Whose media a copy of this recording can have: those that were kept and that this device has the keys of. */
export function copyable({ people }: Outline, keys: TrackKeys): readonly WithMedia[] {
	return people.filter(hasMedia).filter(({ media }) => keys.has(media.track));
}

/** About how many bytes of media a copy has. */
export function copyBytes(people: readonly WithMedia[]): number {
	return people.reduce((sum, { media }) => sum + media.bytes, 0);
}

/** What goes into a signed text of its own: who signed and the exact text, so that anybody can check it. */
export function signedText(signed: Signed): string {
	return json({ text: signed.text, signature: signed.signature });
}

/**
 * The files of a copy, in the order in which they are written: the page, the texts, one WebM a person, and at the
 * end, when their hashes are known, the vCon, `SHA512SUMS` (as `sha512sum -c` reads it) and who vouches for it. Throws `copy-too-large`
 * before the first file, and as `openMedia`.
 */
export async function* copyFiles(wish: CopyWish): AsyncGenerator<ArchiveFile> {
	const { manifest, outline, keys, source, signal, texts, words, at } = wish;
	const people = copyable(outline, keys).filter(({ id }) => wish.people.has(id));
	if (copyBytes(people) > archiveBytesMax) throw new CopyError('copy-too-large');
	const placed = people.map((person, index) => ({ person, file: `person-${index + 1}.webm` }));
	const files = [
		...texts.map(({ file, what }) => ({ file, what })),
		{ file: 'vcon.json', what: words.descriptor },
		{ file: 'SHA512SUMS', what: words.sums },
		...(wish.vouch ? [{ file: 'statement.json', what: words.statement }] : []),
	];
	const sums: string[] = [];
	const add = (file: string, digest: Uint8Array): void =>
		void sums.push(`${toHex(digest)}  ${file}\n`);
	const textFile = (name: string, text: string): ArchiveFile => {
		const bytes = utf8(text);
		add(name, sha512(bytes));
		return { name, pieces: [bytes] };
	};
	const shown = placed.map(({ person: { name, startMs, durationMs }, file }) => ({
		name,
		file,
		startMs,
		durationMs,
	}));
	yield textFile('index.html', await pageOf({ words, media: shown, files }));
	for (const { file, text } of texts) yield textFile(file, text);
	let written = 0;
	const media: CopiedMedia[] = [];
	for (const { person, file } of placed) {
		const hash = sha512.create();
		const { media: object, name, startMs, durationMs } = person;
		const opened = openMedia({
			recording: manifest.recording,
			media: object,
			keys,
			source,
			signal,
		});
		const tell = (bytes: number): void => {
			written += bytes;
			wish.onprogress?.(written);
		};
		yield { name: file, pieces: hashed(opened, hash, tell) };
		const digest: Bytes = new Uint8Array(hash.digest());
		add(file, digest);
		media.push({ person: Number(person.id), name, startMs, durationMs, file, sha512: digest });
	}
	const attachments = texts.map(({ purpose, file, mediatype }) => ({ purpose, file, mediatype }));
	const id = fromBase64url(manifest.recording);
	yield textFile('vcon.json', json(vconOf({ id, at, manifest, media, attachments })));
	const summed = sums.join('');
	yield { name: 'SHA512SUMS', pieces: [utf8(summed)] };
	if (!wish.vouch) return;
	const tracks = placed.map(({ person, file }) => ({ file, track: person.media.track }));
	const statement = await wish.vouch({ sums: summed, media: tracks });
	yield { name: 'statement.json', pieces: [utf8(statement)] };
}

/** The same pieces; each is counted and goes into the hash on its way. */
async function* hashed(
	pieces: AsyncIterable<Uint8Array>,
	hash: { update(bytes: Uint8Array): unknown },
	tell: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
	for await (const piece of pieces) {
		hash.update(piece);
		yield piece;
		tell(piece.length);
	}
}
