import * as v from 'valibot';
import { unwrap, wrap } from '#crypto/account/wrap.ts';
import { type Bytes, fromUtf8, toBase64url } from '#crypto/bytes.ts';
import { type Json, canonical } from '#crypto/canonical.ts';
import { Part2Schema } from '#crypto/consent/part2.ts';
import { CryptoError } from '#crypto/errors.ts';
import { Id, Moment, bytesText, parseJson } from '#crypto/schema.ts';
import { pad, unpad } from '#crypto/seal/padding.ts';
import { toTrackKey } from '#crypto/track/key.ts';

/** What a share belongs to; bound to every byte of it. */
export interface SharePlace {
	/** Id of the share. */
	readonly share: string;
	/** Id. */
	readonly recording: string;
	/** Milliseconds since 1970. */
	readonly expiresAt: number;
}

const Milliseconds = v.pipe(v.number(), v.minValue(0));
const Line = v.pipe(v.string(), v.maxLength(2000));

const Media = v.strictObject({
	track: Id,
	part: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
	/** Length of the sealed object. */
	bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
	key: v.pipe(bytesText(32), v.transform(toTrackKey)),
});

const Person = v.strictObject({
	name: Line,
	role: v.picklist(['host', 'participant', 'tab']),
	/** Milliseconds of the recording. */
	startMs: Milliseconds,
	durationMs: Milliseconds,
	/** Null when nothing of this person was kept. */
	media: v.nullable(Media),
});

const Content = v.strictObject({
	v: v.literal(1),
	title: Line,
	practice: Line,
	startedAt: Moment,
	durationMs: Milliseconds,
	/** Only those who were chosen. */
	people: v.pipe(v.array(Person), v.minLength(1), v.maxLength(64)),
	/** Times in which nothing was kept of anybody, and why. */
	gaps: v.pipe(
		v.array(
			v.strictObject({
				from: Milliseconds,
				to: Milliseconds,
				why: v.picklist(['paused', 'missing']),
			}),
		),
		v.maxLength(1000),
	),
	/** Whose device it is sealed to, where the sharer compared the digits by voice. */
	checked: v.nullable(Line),
	/** How the recording came to its end. */
	ending: v.picklist(['complete', 'ends-early', 'altered']),
	/**
	 * Where 42 CFR Part 2 holds for it, what goes with a disclosure (§2.32(b)): what the written consent allows, and who
	 * of these people signed it. Whoever opens it is told that it may not be passed on.
	 */
	part2: v.nullable(
		v.strictObject({
			consent: Part2Schema,
			signed: v.pipe(v.array(v.strictObject({ name: Line, at: Moment })), v.maxLength(64)),
		}),
	),
});

/** What a recipient opens: the keys of the tracks that were chosen, and what a player needs to know of them. Nothing else. */
export type ShareContent = v.InferOutput<typeof Content>;
export type SharePerson = ShareContent['people'][number];

/** So the length tells little of the names. */
const quantumBytes = 512;
const purpose = 'sotto/share/v1';

/** Ways whose content is sealed under a secret that only the recipient is told. */
export type SecretWay = 'words' | 'link';

/** Length of the secret of a full link. */
export const linkSecretBytes = 16;

function checkSecret(way: SecretWay, secret: Bytes): void {
	const length = way === 'words' ? 64 : linkSecretBytes;
	if (secret.length !== length) throw new CryptoError('bad-key');
}

const contextOf = ({ share, recording, expiresAt }: SharePlace, way: SecretWay) =>
	({ purpose, belongsTo: { share, recording, expiresAt, way } }) as const;

/**
 * Seals for whoever has the secret: the export key of OPAQUE (RFC 9807, 64 bytes) that five words give, or the 16
 * random bytes of a full link. As `wrap`, of the canonical JSON padded to 512 bytes. Throws `bad-key` for a secret of
 * another length.
 */
export async function sealContent(
	options: SharePlace & { way: SecretWay; secret: Bytes; content: ShareContent },
): Promise<Bytes> {
	const { way, secret, content } = options;
	checkSecret(way, secret);
	const plaintext = pad(canonical(contentJson(content)), quantumBytes);
	return wrap({ secret, context: contextOf(options, way), plaintext });
}

/** Opens what `sealContent` made for this place. Throws as `unwrap`, `bad-key`, and `bad-encoding` for what is no content. */
export async function openContent(
	options: SharePlace & { way: SecretWay; secret: Bytes; sealed: Bytes },
): Promise<ShareContent> {
	const { way, secret, sealed } = options;
	checkSecret(way, secret);
	const padded = await unwrap({ secret, context: contextOf(options, way), wrapped: sealed });
	return parseJson(Content, fromUtf8(unpad(padded)));
}

/** The JSON value of a content. */
export function contentJson(content: ShareContent): Json {
	const people = content.people.map(({ media, ...person }) => ({
		...person,
		media: media && { ...media, key: toBase64url(media.key) },
	}));
	return { ...content, people, gaps: content.gaps.map((gap) => ({ ...gap })) };
}

/** The shape of a content's JSON value. */
export const ShareContentSchema = Content;
