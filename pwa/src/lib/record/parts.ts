import { type Bytes, concat, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { type PartContext, contextHash } from '#crypto/track/digest.ts';
import { payloadBytesMax } from '#crypto/track/layout.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import type { LaneOutput } from './lane.ts';
import { type Spool, SpoolFull } from './spool.ts';
import { type Codec, type Packet, clusters, liveHead } from './webm.ts';

/** Audio is padded so that a second of speech and one of silence are alike; video less, it is large anyway. */
export const quantumLog2 = { audio: 13, video: 12, final: 0, manifest: 12 } as const;

/** How far one part has come: what a checkpoint and the manifest say of it. */
export interface PartState {
	readonly track: string;
	readonly part: number;
	readonly codec: Codec;
	/** What its context hash is over. */
	readonly context: PartContext;
	readonly segments: number;
	readonly bytes: number;
	/** base64url of the running digest. */
	readonly digest: string;
	readonly ended: boolean;
}

/** How far a part was when the server had so many of its chunks. */
export type Step = Pick<PartState, 'track' | 'part' | 'segments' | 'bytes' | 'digest'>;

interface Open {
	readonly writer: PartWriter;
	readonly name: { track: string; part: number };
	readonly codec: Codec;
	readonly context: PartContext;
	/** Goes before the first cluster. */
	head: Bytes;
	firstMs: number;
	lastMs: number;
}

/** Seals what one lane gives, part after part, into the spool. Calls take turns; after a failure a new part begins. */
export class Parts {
	readonly #key: CryptoKey;
	readonly #recording: Bytes;
	readonly #track: string;
	readonly #kind: 'audio' | 'video';
	readonly #spool: Spool;
	readonly #context: () => Omit<PartContext, 'codec' | 'previous'>;
	readonly #ended: PartState[] = [];
	/** Per part a row for every chunk that `stepAt` may still be asked for. */
	readonly #steps = new Map<number, Step[]>();
	#open: Open | undefined;
	#next = 0;
	#turn: Promise<unknown> = Promise.resolve();

	constructor(options: {
		key: CryptoKey;
		recording: string;
		track: string;
		kind: 'audio' | 'video';
		spool: Spool;
		/** Read when a part begins. */
		context: () => Omit<PartContext, 'codec' | 'previous'>;
	}) {
		this.#key = options.key;
		this.#recording = fromBase64url(options.recording);
		this.#track = options.track;
		this.#kind = options.kind;
		this.#spool = options.spool;
		this.#context = options.context;
	}

	/** All parts so far. */
	get states(): PartState[] {
		return this.#open ? [...this.#ended, stateOf(this.#open, false)] : [...this.#ended];
	}

	/** The part as it was with its first `chunks` chunks. Steps before it are forgotten. */
	stepAt(part: number, chunks: number): Step | undefined {
		const later = this.#steps.get(part)?.filter(({ segments }) => segments >= chunks - 1) ?? [];
		this.#steps.set(part, later);
		return later[0]?.segments === chunks - 1 ? later[0] : undefined;
	}

	/** Seals and stores; resolves when it is on the disk. Throws SpoolFull: then the part was given up. */
	write(outputs: readonly LaneOutput[]): Promise<void> {
		const done = this.#turn.then(() => this.#writeAll(outputs));
		this.#turn = done.catch(() => undefined);
		return done;
	}

	async #writeAll(outputs: readonly LaneOutput[]): Promise<void> {
		for (const output of outputs) await this.#write(output);
	}

	async #write(output: LaneOutput): Promise<void> {
		try {
			if (output.type === 'begin') this.#open = await this.#begin(output);
			else if (output.type === 'packets') await this.#packets(output.packets);
			else await this.#end();
		} catch (error) {
			if (error instanceof SpoolFull && this.#open) {
				this.#spool.close(this.#open.name);
				this.#ended.push(stateOf(this.#open, false));
				this.#open = undefined;
			}
			throw error;
		}
	}

	async #begin(output: Extract<LaneOutput, { type: 'begin' }>): Promise<Open> {
		const { codec, width, height } = output;
		const previous = this.#ended.at(-1);
		const context: PartContext = {
			...this.#context(),
			codec,
			previous: previous ? fromBase64url(previous.digest) : null,
		};
		const part = this.#next++;
		const writer = await PartWriter.create({
			key: this.#key,
			recording: this.#recording,
			track: fromBase64url(this.#track),
			part,
			quantumLog2: quantumLog2[this.#kind],
			segmentPayloadBytes: 0,
			contextHash: await contextHash(context),
		});
		const name = { track: this.#track, part };
		await this.#add({ writer, name }, writer.headerBytes);
		const head = liveHead({ number: 1, codec, width, height });
		return { writer, name, codec, context, head, firstMs: -1, lastMs: -1 };
	}

	async #add({ writer, name }: Pick<Open, 'writer' | 'name'>, chunk: Bytes): Promise<void> {
		await this.#spool.add(name, chunk);
		const { segments, partBytes: bytes, digest } = writer.progress;
		const step = { ...name, segments, bytes, digest: toBase64url(digest) };
		const steps = this.#steps.get(name.part) ?? [];
		steps.push(step);
		this.#steps.set(name.part, steps);
	}

	async #packets(packets: readonly Packet[]): Promise<void> {
		const open = this.#open;
		if (!open) return;
		const bytes = concat(open.head, clusters(packets));
		open.head = new Uint8Array(0);
		if (open.firstMs < 0) open.firstMs = packets[0]?.timeMs ?? 0;
		open.lastMs = packets.at(-1)?.timeMs ?? open.lastMs;
		for (let at = 0; at < bytes.length; at += payloadBytesMax) {
			const sealed = await open.writer.media(bytes.subarray(at, at + payloadBytesMax));
			await this.#add(open, sealed);
		}
	}

	async #end(): Promise<void> {
		const open = this.#open;
		if (!open) return;
		const durationUs = Math.max(0, open.lastMs - open.firstMs) * 1000;
		await this.#add(open, await open.writer.end({ durationUs }));
		this.#spool.close(open.name);
		this.#ended.push(stateOf(open, true));
		this.#open = undefined;
	}
}

function stateOf({ writer, name, codec, context }: Open, ended: boolean): PartState {
	const { segments, partBytes, digest } = writer.progress;
	return {
		...name,
		codec,
		context,
		segments,
		bytes: partBytes,
		digest: toBase64url(digest),
		ended,
	};
}

/** A part as the manifest states it. */
export function partRow(state: Omit<PartState, 'track' | 'codec'>) {
	const { part, context, segments, bytes, digest, ended } = state;
	const { receipts, recorder, previous } = context;
	const text = {
		receipts: receipts && toBase64url(receipts),
		recorder: toBase64url(recorder),
		previous: previous && toBase64url(previous),
	};
	return { part, context: { ...context, ...text }, segments, bytes, digest, ended };
}
