import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import { receiptsDigest } from '#crypto/consent/receipt.ts';
import { noEvidence } from '#crypto/group/evidence.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import type { Signed } from '#protocol/text.ts';
import type { RecordingsApi } from './api.ts';
import type { Disk } from './disk.ts';
import { type Around, Keeper } from './keeper.ts';
import type { Manifest } from './manifest.ts';
import type { Missing } from './messages.ts';
import { People } from './people.ts';
import type { Pauses } from './retry.ts';
import { Spans } from './spans.ts';
import type { PersonTracks } from './tracks.ts';
import type { Codec } from './webm.ts';

/** What a page that holds the member's keys prepared: the recording and its grants are at the server already. */
export interface TabTicket {
	readonly recording: string;
	readonly practice: string;
	readonly title: string;
	readonly purpose: string;
	/** The member's statement (crypto/consent/capture.ts). */
	readonly capture: Signed;
	readonly tracks: PersonTracks;
	readonly manifestKey: CryptoKey;
	/** The recorder that `capture` names. */
	readonly signing: SigningKey;
}

/** One encoded picture, or 20 ms of sound. */
export interface TabFrame {
	readonly kind: 'audio' | 'video';
	readonly codec: Codec;
	/** Microseconds on the clock of the capture. */
	readonly timestamp: number;
	readonly key: boolean;
	/** 0 for sound. */
	readonly width: number;
	readonly height: number;
	readonly data: Uint8Array;
}

interface Options {
	readonly ticket: TabTicket;
	readonly api: RecordingsApi;
	readonly pauses: Pauses;
	readonly disk: Disk;
	readonly around: Around;
}

/** Who is awake looks every second; after so long it was asleep. */
const asleepMs = 4000;
const rateHz = { audio: 48_000, video: 90_000 } as const;

/** A captured tab while it is being recorded: encoded frames in, sealed parts on the disk and at the server. */
export class TabRecording {
	readonly startedAt: number;
	readonly keeper: Keeper;
	readonly spans = new Spans();
	readonly #options: Options;
	readonly #people: People;
	readonly #receipts: Bytes;
	readonly #missing: Missing[] = [];
	#held: number | undefined;
	#lookedMs: number;
	#dirty = false;
	/** A key frame was taken: there is a lane that knows when it needs another. */
	#pictured = false;

	private constructor(options: Options, receipts: Bytes) {
		const { ticket, api, pauses, disk, around } = options;
		const { recording, signing, manifestKey, title, tracks } = ticket;
		this.#options = options;
		this.#receipts = receipts;
		this.startedAt = Math.ceil(around.now());
		this.#lookedMs = this.startedAt;
		this.keeper = new Keeper({ recording, signing, manifestKey, api, pauses, disk, around });
		this.#people = new People({
			recording,
			zeroMs: this.startedAt,
			spool: this.keeper.spool,
			context: () => ({
				session: recording,
				generation: 0,
				receipts: null,
				recorder: signing.publicKey,
				zeroMs: this.startedAt,
			}),
		});
		this.#people.meet([{ key: signing.publicKey, name: title, role: 'tab' }], '');
		this.#people.give([tracks]);
	}

	/** Brings the first manifest to the server, so that whoever recovers it after a crash can; then frames may come. */
	static async start(options: Options): Promise<TabRecording> {
		const live = new TabRecording(options, await receiptsDigest([]));
		await live.#writeManifest();
		await live.keeper.uploader.idle();
		return live;
	}

	/** Whether pictures are thrown away until a key frame comes. */
	get needsKey(): boolean {
		if (this.holding) return false;
		return !this.#pictured || this.#people.lanes.some(({ lane }) => lane.needsKey);
	}

	get holding(): boolean {
		return this.#held !== undefined;
	}

	frame(frame: TabFrame): void {
		if (this.spans.state !== 'on' || this.holding) return;
		const { kind, timestamp, ...rest } = frame;
		this.#pictured ||= kind === 'video' && frame.key;
		const rtp = Math.round((timestamp / 1_000_000) * rateHz[kind]) % 2 ** 32;
		const ref = this.#options.around.now();
		const opened = { ...rest, rtp, ref, src: 'tab' };
		this.#people.push(this.#options.ticket.signing.publicKey, kind, opened);
	}

	/** From now on nothing is taken, until `release`: the tab shows what may not be recorded, or nothing at all. */
	hold(): void {
		if (this.holding) return;
		const nowMs = this.#options.around.now();
		this.#held = this.#time(nowMs);
		for (const { lane } of this.#people.lanes) lane.close(nowMs);
	}

	release(): void {
		if (this.#held === undefined) return;
		const to = this.#time(this.#options.around.now());
		this.#missing.push({ from: this.#held, to, person: null, why: 'tab' });
		this.#held = undefined;
		this.#dirty = true;
	}

	/** The size of the pictures changed: they go on in another part. */
	roll(): void {
		for (const { lane } of this.#people.lanes) lane.roll();
	}

	/** Once a second: what came in is sealed, stored and sent on its way. */
	async tick(): Promise<void> {
		const nowMs = this.#options.around.now();
		this.#wake(nowMs);
		const { lanes } = this.#people;
		await this.keeper.write(lanes, nowMs);
		if (this.#dirty) await this.#writeManifest();
		await this.keeper.tick(lanes, nowMs);
	}

	/** Closes everything that is open; what is sealed goes on being uploaded. */
	async end(): Promise<void> {
		const nowMs = this.#options.around.now();
		const { lanes } = this.#people;
		for (const { lane } of lanes) lane.close(nowMs);
		this.release();
		await this.keeper.write(lanes, nowMs);
		this.spans.end(this.#time(nowMs));
		await this.#writeManifest();
		this.keeper.uploader.wake();
		void this.keeper.checkpoint(lanes, nowMs);
	}

	/** The manifest as things stand. */
	manifest(): Manifest {
		const { recording, practice, title, purpose, capture, signing } = this.#options.ticket;
		const endedMs = this.spans.state === 'off' ? (this.spans.all.at(-1)?.to ?? 0) : null;
		const key = toBase64url(signing.publicKey);
		const { admissions, removals, receipts, recorders, notice } = noEvidence;
		return {
			v: 1,
			recording,
			session: recording,
			title,
			practice,
			purpose,
			keptUntil: null,
			startedAt: this.startedAt,
			endedAt: endedMs === null ? null : this.startedAt + endedMs,
			recorder: key,
			signer: key,
			...this.#people.describe(),
			spans: this.spans.all,
			rosters: [],
			evidence: {
				admissions: [...admissions],
				removals: [...removals],
				receipts: [...receipts],
				recorders: [...recorders],
				notice: notice && { ...notice },
			},
			capture,
			receipts: toBase64url(this.#receipts),
			missing: [...this.#missing, ...this.#people.missing],
			verdict: 'live',
		};
	}

	/** After a sleep of the machine, or of this process, nothing is known of the time between. */
	#wake(nowMs: number): void {
		const since = this.#lookedMs;
		this.#lookedMs = nowMs;
		if (nowMs - since < asleepMs || this.holding) return;
		for (const { lane } of this.#people.lanes) lane.close(since);
		const gap = { from: this.#time(since), to: this.#time(nowMs), person: null } as const;
		this.#missing.push({ ...gap, why: 'lost' });
		this.#dirty = true;
	}

	#time(absoluteMs: number): number {
		return Math.max(0, Math.round(absoluteMs - this.startedAt));
	}

	async #writeManifest(): Promise<void> {
		this.#dirty = false;
		await this.keeper.writeManifest(this.manifest());
	}
}
