import type { Bytes } from '#crypto/bytes.ts';
import type { PartContext } from '#crypto/track/digest.ts';
import { type FileFormat, planFile, writeFile } from '#lib/record/file.ts';
import { type StoredFinal, sealFinal } from '#lib/record/final.ts';
import type { Packet } from '#lib/record/webm.ts';
import { ahead } from './ahead.ts';
import { FilmReader } from './film.ts';
import { type Passage, withoutPassage } from './passage.ts';
import { type SealedObject, type Shop, payloadsOf } from './reseal.ts';

/** One person's file that is copied without a passage. */
export interface CutJob {
	readonly source: string;
	readonly from: SealedObject;
	/** Where its time 0 lies in the source. */
	readonly startMs: number;
	readonly passage: Passage;
	/** The copy and its track. */
	readonly recording: string;
	readonly track: string;
	readonly key: CryptoKey;
	/** The recording's start, milliseconds since 1970. */
	readonly zeroMs: number;
	readonly codecs: readonly string[];
	readonly context: Omit<PartContext, 'codec' | 'zeroMs' | 'previous'>;
}

/** A copied file as it lies at the server. */
export interface CutFile {
	readonly stored: StoredFinal;
	readonly codecs: readonly string[];
	readonly startMs: number;
	readonly durationMs: number;
}

const payloadsAhead = 16;

/**
 * Writes a person's file without a passage, sealed under a key of its own, in two passes over the bytes of the server:
 * nothing lies in memory whole. Undefined when nothing is left of her. Throws as `payloadsOf`, RangeError for no WebM.
 */
export async function cutObject(
	shop: Omit<Shop, 'recording'>,
	job: CutJob,
): Promise<CutFile | undefined> {
	const { source, from, startMs, passage, recording, track, key, zeroMs } = job;
	let format: FileFormat | undefined;
	const packets = (): AsyncGenerator<Packet> => {
		const reader = new FilmReader();
		async function* read(): AsyncGenerator<Packet> {
			const payloads = ahead<Bytes>(
				payloadsOf({ ...shop, recording: source }, from),
				payloadsAhead,
			);
			for await (const payload of payloads) {
				shop.onBytes(payload.length);
				yield* reader.push(payload);
			}
			({ format } = reader);
		}
		return withoutPassage(read(), { startMs, passage });
	};
	const plan = await planFile(packets());
	if (!plan || !format) return undefined;
	const codecs = job.codecs.filter((codec) => (codec === 'opus' ? plan.sound : plan.picture));
	const context = {
		...job.context,
		codec: codecs.join('+'),
		zeroMs: zeroMs + plan.startMs,
		previous: null,
	};
	const stored = await sealFinal({
		...shop,
		onBytes: () => undefined,
		recording,
		track,
		part: 0,
		key,
		pieces: writeFile({ plan, format, packets: packets() }),
		context,
		durationMs: plan.durationMs,
	});
	return { stored, codecs, startMs: plan.startMs, durationMs: plan.durationMs };
}
