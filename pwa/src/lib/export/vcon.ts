import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import type { Manifest } from '#lib/record/manifest.ts';

/** One person's file in a copy. */
export interface CopiedMedia {
	/** Number of the person in the recording. */
	readonly person: number;
	readonly name: string;
	/** Where its time 0 lies, milliseconds of the recording. */
	readonly startMs: number;
	readonly durationMs: number;
	readonly file: string;
	/** SHA-512 of the whole file. */
	readonly sha512: Bytes;
}

/** Version of the container's syntax, draft-ietf-vcon-vcon-core. */
const vconVersion = '0.4.0';
const secondMs = 1000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** A random UUID of the bytes of a recording's id (RFC 9562 §5.8: version 8 is ours to fill). */
function uuidOf(id: Uint8Array): string {
	const bytes = Uint8Array.from(id);
	bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
	bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
	const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * What is in a copy, as a vCon (draft-ietf-vcon-vcon-core): one dialog a person, each with the name and the hash of
 * its file beside it. It has no `url`, because nothing of a copy lies on a network. `id` are the 16 bytes of the
 * recording's id, `at` is milliseconds since 1970.
 */
export function vconOf(options: {
	id: Uint8Array;
	at: number;
	manifest: Pick<Manifest, 'startedAt' | 'title' | 'purpose' | 'people'>;
	media: readonly CopiedMedia[];
	/** Files beside the media, with what they are. */
	attachments: readonly { purpose: string; file: string; mediatype: string }[];
}): object {
	const { id, at, manifest, media, attachments } = options;
	const roleOf = (person: number): string =>
		manifest.people.find((one) => one.id === person)?.role === 'host' ? 'agent' : 'customer';
	return {
		vcon: vconVersion,
		uuid: uuidOf(id),
		created_at: iso(at),
		subject: manifest.title || manifest.purpose,
		parties: media.map(({ name, person }) => ({ name, role: roleOf(person) })),
		dialog: media.map(({ startMs, durationMs, file, sha512 }, party) => ({
			type: 'recording',
			start: iso(manifest.startedAt + startMs),
			duration: durationMs / secondMs,
			parties: [party],
			originator: party,
			mediatype: 'video/webm',
			filename: file,
			content_hash: `sha512-${toBase64url(sha512)}`,
		})),
		attachments: attachments.map(({ purpose, file, mediatype }) => ({
			purpose,
			start: iso(at),
			party: 0,
			mediatype,
			filename: file,
		})),
	};
}
