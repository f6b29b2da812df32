import * as v from 'valibot';
import { type Bytes, concat, fromBase64url, fromUtf8, utf8 } from '#crypto/bytes.ts';
import { EvidenceSchema } from '#crypto/group/evidence.ts';
import { openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { canonicalText, parseJson } from '#crypto/schema.ts';
import { contextHash } from '#crypto/track/digest.ts';
import { payloadBytesMax } from '#crypto/track/layout.ts';
import { readPart } from '#crypto/track/verdict.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import { Bytes32, Count, Id, Signature, Signed, Time } from '#protocol/text.ts';
import { Missing } from './messages.ts';
import { quantumLog2 } from './parts.ts';

const Context = v.strictObject({
	session: Id,
	generation: Count,
	receipts: v.nullable(Bytes32),
	recorder: Bytes32,
	codec: v.string(),
	zeroMs: v.number(),
	previous: v.nullable(Bytes32),
});

/** One part as it was when the manifest was made. */
const Part = v.strictObject({
	part: Count,
	context: Context,
	segments: Count,
	bytes: Count,
	/** Running digest over that many segments (docs/format.md). */
	digest: Bytes32,
	/** Whether it was closed by an end. */
	ended: v.boolean(),
});

const Person = v.strictObject({
	/** Number within the recording, as in the track list of the server. */
	id: Count,
	name: v.string(),
	/** `tab`: all that a captured tab shows and plays. */
	role: v.picklist(['host', 'participant', 'tab']),
	/** Ed25519 key in the group; of a tab its recorder's. */
	key: Bytes32,
});
export type Person = v.InferOutput<typeof Person>;

const Track = v.strictObject({
	id: Id,
	person: Count,
	kind: v.picklist(['audio', 'video', 'final']),
	codecs: v.array(v.string()),
	/** Final: where its time 0 lies, in milliseconds of the recording. Live tracks count from the recording's start: 0. */
	start: Count,
	/** Milliseconds; null while it is being made. */
	duration: v.nullable(Count),
	parts: v.array(Part),
});
export type ManifestTrack = v.InferOutput<typeof Track>;

const Span = v.strictObject({
	from: Count,
	/** null: still so. */
	to: v.nullable(Count),
	state: v.picklist(['on', 'paused']),
});
export type Span = v.InferOutput<typeof Span>;

/** How a finished recording was changed; who says so signed the manifest. */
const Rewriting = v.variant('what', [
	/** Sealed anew under other keys; nothing of the content changed. */
	v.strictObject({ what: v.literal('relock'), at: Time, by: Id }),
	/** All that was kept of this person was destroyed. */
	v.strictObject({ what: v.literal('destroy'), at: Time, by: Id, person: Count }),
	/** Without this passage; milliseconds of the recording as it was before. */
	v.strictObject({ what: v.literal('cut'), at: Time, by: Id, from: Count, to: Count }),
]);
export type Rewriting = v.InferOutput<typeof Rewriting>;

/** What a recording says about itself, sealed under a key of its own and signed. Times are milliseconds from `startedAt`. */
export const Manifest = v.strictObject({
	v: v.literal(1),
	recording: Id,
	/** Of a captured tab, which belongs to none, the recording's own id. */
	session: Id,
	title: v.string(),
	practice: v.string(),
	purpose: v.string(),
	/** Milliseconds since 1970, or null where no rule names a date. */
	keptUntil: v.nullable(Time),
	startedAt: Time,
	/** null while it is being made. */
	endedAt: v.nullable(Time),
	/** Key of the recorder. */
	recorder: Bytes32,
	/** Key that signed this manifest: the recorder's, or that of the member who recovered it. */
	signer: Bytes32,
	people: v.array(Person),
	tracks: v.array(Track),
	spans: v.array(Span),
	rosters: v.array(v.strictObject({ generation: Count, at: Count, members: v.array(Bytes32) })),
	/** Admissions, removals, receipts, recorder certificates and the notice as the last epoch carried them. */
	evidence: EvidenceSchema,
	/** What was signed before a tab was captured (crypto/consent/capture.ts). */
	capture: v.exactOptional(Signed),
	/** Digest of the receipts in force at the end. */
	receipts: Bytes32,
	missing: v.array(Missing),
	/** live: an interim manifest. */
	verdict: v.picklist(['live', 'complete', 'ends-early', 'altered']),
	/** What was changed since it was recorded, oldest first. */
	rewritten: v.exactOptional(v.pipe(v.array(Rewriting), v.maxLength(1024))),
	/**
	 * The recording that this one is a shortened copy of, and the one that was recorded. `between` = those between the two, the
	 * oldest first; not in copies that were made before it was written down.
	 */
	derivedFrom: v.exactOptional(
		v.strictObject({
			recording: Id,
			root: Id,
			between: v.exactOptional(v.pipe(v.array(Id), v.maxLength(1024))),
		}),
	),
});
export type Manifest = v.InferOutput<typeof Manifest>;

/** The recordings that this one is a copy of, the recorded one first; none for one that was recorded. */
export function ancestorsOf({ derivedFrom }: Pick<Manifest, 'derivedFrom'>): string[] {
	if (!derivedFrom) return [];
	const { recording, root, between = [] } = derivedFrom;
	return [...new Set([root, ...between, recording])];
}

/** What a copy of this recording says that it comes from. */
export function originOf(source: Manifest): NonNullable<Manifest['derivedFrom']> {
	const { recording } = source;
	const [root = recording, ...between] = ancestorsOf(source);
	return { recording, root, ...(between.length > 0 && { between }) };
}

/** A recording's own text may be so long, in characters. */
const manifestCharsMax = 4 * 1024 * 1024;

/** A manifest, signed and sealed: the chunks of one part of the track whose id is the recording's. */
export async function sealManifest(options: {
	manifest: Manifest;
	key: CryptoKey;
	signing: SigningKey;
	part: number;
}): Promise<Bytes[]> {
	const { manifest, key, signing, part } = options;
	const value = v.parse(Manifest, manifest);
	const signed = await signJson({ key: signing, context: 'sotto/manifest/v1', value });
	const text = utf8(canonicalText({ text: signed.text, signature: signed.signature }));
	const recording = fromBase64url(manifest.recording);
	const writer = await PartWriter.create({
		key,
		recording,
		track: recording,
		part,
		quantumLog2: quantumLog2.manifest,
		segmentPayloadBytes: 0,
		contextHash: await contextHash({
			session: manifest.session,
			generation: manifest.rosters.at(-1)?.generation ?? 0,
			receipts: fromBase64url(manifest.receipts),
			recorder: fromBase64url(manifest.recorder),
			codec: 'manifest',
			zeroMs: manifest.startedAt,
			previous: null,
		}),
	});
	const chunks = [writer.headerBytes];
	for (let at = 0; at < text.length; at += payloadBytesMax)
		chunks.push(await writer.media(text.subarray(at, at + payloadBytesMax)));
	chunks.push(await writer.end({ durationUs: 0 }));
	return chunks;
}

const SealedText = v.strictObject({
	text: v.pipe(v.string(), v.maxLength(manifestCharsMax)),
	signature: Signature,
});

/**
 * The manifest of a whole part, after its signature by the key that it names as `signer` was checked. WHO that is, the
 * recorder of this recording or a member, the caller must compare. Null when the part is not complete, so that an older one is
 * taken. Throws `bad-signature`, `bad-encoding`, and as `readPart` does.
 */
export async function openManifest(options: {
	recording: string;
	part: number;
	key: CryptoKey;
	source: AsyncIterable<Uint8Array>;
}): Promise<Manifest | null> {
	const signed = await openManifestText(options);
	if (!signed) return null;
	const { signer } = parseJson(v.object({ signer: Bytes32 }), signed.text);
	return openSigned({
		signed,
		publicKey: fromBase64url(signer),
		context: 'sotto/manifest/v1',
		schema: Manifest,
	});
}

/**
 * The text of a whole part as it was signed, to be handed on; its signature is not checked here. Null when the part is
 * not complete. Throws `bad-encoding`, and as `readPart` does.
 */
export async function openManifestText(options: {
	recording: string;
	part: number;
	key: CryptoKey;
	source: AsyncIterable<Uint8Array>;
}): Promise<Signed | null> {
	const { recording, part, key, source } = options;
	const id = fromBase64url(recording);
	const payloads: Bytes[] = [];
	const { verdict } = await readPart({
		key,
		name: { recording: id, track: id, part },
		source,
		onSegment: ({ payload }) => void payloads.push(payload),
	});
	if (verdict !== 'complete') return null;
	return parseJson(SealedText, fromUtf8(concat(...payloads)));
}
