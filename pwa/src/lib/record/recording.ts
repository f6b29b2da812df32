import { ReceiptBook, type SignedReceipt } from '#crypto/consent/consent.ts';
import { toBase64url } from '#crypto/bytes.ts';
import type { Epoch } from '#crypto/group/group.ts';
import type { RecordingsApi } from './api.ts';
import type { Disk } from './disk.ts';
import type { Sink } from './intake.ts';
import { Journal } from './journal.ts';
import { type Around, Keeper } from './keeper.ts';
import { KeyFrames } from './keyframes.ts';
import type { Manifest } from './manifest.ts';
import type { Membership, SealedBy } from './membership.ts';
import type { Missing, Status } from './messages.ts';
import { People } from './people.ts';
import type { PortFrame, PortMark } from './port.ts';
import type { Pauses } from './retry.ts';
import { Spans } from './spans.ts';
import type { Spool } from './spool.ts';
import { type Granting, type NewTracks, type PersonTracks, makeTracks } from './tracks.ts';
import type { Uploader } from './uploader.ts';
import { codecOfMime } from './webm.ts';

const noMediaMs = 10_000;

/** What a recording needs from the worker around it. */
export interface Surroundings extends Around {
	askForKeyFrame(src: string): void;
}

interface Options {
	recording: string;
	title: string;
	granting: Granting;
	membership: Membership;
	api: RecordingsApi;
	pauses: Pauses;
	disk: Disk;
	around: Surroundings;
}

/** One recording while it is being made: opened frames in, sealed parts on the disk and at the server. */
export class LiveRecording implements Sink {
	readonly recording: string;
	readonly startedAt: number;
	readonly spans = new Spans();
	readonly people: People;
	readonly manifestKey: CryptoKey;
	readonly #options: Options;
	readonly #keeper: Keeper;
	readonly #journal: Journal;
	readonly #rosters: Manifest['rosters'] = [];
	readonly #keyFrames: KeyFrames;
	readonly #missing: Missing[] = [];
	#epoch: Epoch;
	/** What holds of each subject, where more is known than the epoch said. */
	#heard: readonly SignedReceipt[] = [];
	#dirty = true;
	#frameMs: number;
	#ended = Promise.withResolvers<void>();

	private constructor(options: Options, epoch: Epoch, made: NewTracks, manifestKey: CryptoKey) {
		const { recording, api, pauses, disk, membership, around } = options;
		this.#options = options;
		this.recording = recording;
		this.startedAt = Math.ceil(around.now());
		this.#epoch = epoch;
		this.#frameMs = this.startedAt;
		this.manifestKey = manifestKey;
		const { signing } = membership;
		this.#keeper = new Keeper({ recording, signing, manifestKey, api, pauses, disk, around });
		this.#journal = new Journal(disk);
		this.#keyFrames = new KeyFrames((src) => around.askForKeyFrame(src));
		this.people = new People({
			recording,
			zeroMs: this.startedAt,
			spool: this.spool,
			context: () => ({
				session: membership.session,
				generation: this.#epoch.generation,
				receipts: this.#epoch.receiptsDigest,
				recorder: signing.publicKey,
				zeroMs: this.startedAt,
			}),
		});
		this.people.meet(epoch.roster, epoch.verified.notice?.notice.host ?? '');
		this.people.give(made.people);
		this.#rosterRow(epoch);
	}

	get spool(): Spool {
		return this.#keeper.spool;
	}

	get uploader(): Uploader {
		return this.#keeper.uploader;
	}

	/** Wraps the keys of all who are there and stores the grants; only then is there a recording. Throws ApiError. */
	static async start(options: Options, epoch: Epoch): Promise<LiveRecording> {
		const { recording, membership, granting, api } = options;
		const count = epoch.roster.filter(({ role }) => role !== 'recorder').length;
		const people = Array.from({ length: count }, (_, person) => person);
		const made = await makeTracks({ recording, people, manifest: true, granting });
		const { tracks, grants, manifest } = made;
		if (!manifest) throw new TypeError('the manifest has a key');
		const { session, signing } = membership;
		const recorderKey = toBase64url(signing.publicKey);
		await api.create({ id: recording, session, recorderKey, tracks, grants });
		const live = new LiveRecording(options, epoch, made, manifest);
		// Before any media: whoever recovers it after a crash must know who is who.
		await live.#writeManifest();
		await live.uploader.idle();
		return live;
	}

	/**
	 * What somebody said about being recorded after the last epoch that the recorder was in. Throws `bad-signature`
	 * and `bad-encoding`.
	 */
	async hear(receipts: readonly SignedReceipt[]): Promise<void> {
		const book = new ReceiptBook(this.#options.membership.session);
		await book.add(...this.#epoch.evidence.receipts, ...this.#heard, ...receipts);
		this.#heard = book.receipts.map(({ signed }) => signed);
		this.#dirty = true;
	}

	/** The recorder joined another epoch. */
	async follow(epoch: Epoch): Promise<void> {
		this.#epoch = epoch;
		this.#rosterRow(epoch);
		const fresh = this.people.meet(epoch.roster, epoch.verified.notice?.notice.host ?? '');
		if (fresh.length === 0) return;
		const { recording } = this;
		const { granting } = this.#options;
		const made = await makeTracks({ recording, people: fresh, manifest: false, granting });
		const body = { tracks: made.tracks, grants: made.grants };
		const n = await this.#journal.tracks(body);
		// Queued before the first chunk of theirs can be: it goes out first.
		void this.uploader.post({ type: 'tracks', body }).then(
			() => this.#journal.sent(n),
			() => undefined,
		);
		this.people.give(made.people);
		this.#dirty = true;
	}

	/** The recorder holds no key any more. */
	left(): void {
		this.#pause(this.#options.around.now());
	}

	frame(frame: PortFrame, { member, payload }: SealedBy): void {
		const { src, rtp, ref, kind, key, width, height } = frame;
		const codec = codecOfMime(frame.mime);
		if (this.spans.state !== 'on' || !codec || (codec === 'opus') !== (kind === 'audio')) return;
		this.#frameMs = Math.max(this.#frameMs, ref);
		const opened = { src, rtp, ref, key, codec, width, height, data: payload };
		const lane = this.people.push(member.key, kind, opened);
		if (kind === 'video') this.#keyFrames.saw(frame, lane?.needsKey ?? false);
	}

	lost(src: string | null, why: 'lost' | 'overflow'): void {
		for (const { lane } of this.people.lanes) lane.interrupt(why, src ?? undefined);
	}

	mark({ mark, src, at }: PortMark): void {
		if (mark === 'pause') this.#pause(at);
		else if (mark === 'resume') this.#resume(at);
		else if (mark === 'gap') this.lost(src, 'overflow');
		else if (mark === 'end') this.#ended.resolve();
		// A switch needs nothing: the other stream begins a part of its own.
	}

	/** Once a second: what came in is sealed, stored and sent on its way. */
	async tick(): Promise<void> {
		const nowMs = this.#options.around.now();
		const { lanes } = this.people;
		await this.#keeper.write(lanes, nowMs);
		if (this.#dirty) await this.#writeManifest();
		const silent = this.spans.state === 'on' && nowMs - this.#frameMs > noMediaMs;
		this.#keeper.troubles.set('no-media', silent);
		await this.#keeper.tick(lanes, nowMs);
	}

	/** Closes everything that is open; what is sealed goes on being uploaded. */
	async end(): Promise<void> {
		const timeout = setTimeout(() => this.#ended.resolve(), 2000);
		await this.#ended.promise;
		clearTimeout(timeout);
		const nowMs = this.#options.around.now();
		const { lanes } = this.people;
		for (const { lane } of lanes) lane.close(nowMs);
		await this.#keeper.write(lanes, nowMs);
		this.spans.end(this.#time(nowMs));
		await this.#writeManifest();
		this.uploader.wake();
		void this.#keeper.checkpoint(lanes, nowMs);
	}

	status(): Omit<Status, 'type'> {
		const nowMs = this.#options.around.now();
		return {
			state: this.spans.state,
			generation: this.#options.membership.epoch?.generation ?? 0,
			elapsedMs: Math.round(this.spans.elapsed(this.#time(nowMs))),
			...this.#keeper.stored,
			gaps: this.missing.length,
		};
	}

	get missing(): Missing[] {
		return [...this.#missing, ...this.people.missing];
	}

	get tracks(): readonly PersonTracks[] {
		return this.people.tracks;
	}

	/** The manifest as things stand. */
	manifest(): Manifest {
		const { membership, title } = this.#options;
		const notice = this.#epoch.verified.notice?.notice;
		const { people, tracks } = this.people.describe();
		const lastSpan = this.spans.all.at(-1);
		const endedMs = this.spans.state === 'off' ? (lastSpan?.to ?? 0) : null;
		const key = toBase64url(membership.signing.publicKey);
		return {
			v: 1,
			recording: this.recording,
			session: membership.session,
			title,
			practice: notice?.practice ?? '',
			purpose: notice?.purpose ?? '',
			keptUntil: notice?.keptUntil ?? null,
			startedAt: this.startedAt,
			endedAt: endedMs === null ? null : this.startedAt + endedMs,
			recorder: key,
			signer: key,
			people,
			tracks,
			spans: this.spans.all,
			rosters: this.#rosters,
			evidence: structuredClone(this.#evidence()),
			receipts: toBase64url(this.#epoch.receiptsDigest),
			missing: this.missing,
			verdict: 'live',
		};
	}

	#evidence(): Manifest['evidence'] {
		const evidence = evidenceOf(this.#epoch);
		return this.#heard.length > 0 ? { ...evidence, receipts: [...this.#heard] } : evidence;
	}

	#time(absoluteMs: number): number {
		return Math.max(0, Math.round(absoluteMs - this.startedAt));
	}

	#rosterRow(epoch: Epoch): void {
		const members = epoch.roster.map(({ key }) => toBase64url(key));
		const at = this.#time(this.#options.around.now());
		this.#rosters.push({ generation: epoch.generation, at, members });
		this.#dirty = true;
	}

	#pause(at: number): void {
		for (const { lane } of this.people.lanes) lane.close(at);
		if (this.spans.change('paused', this.#time(at))) this.#dirty = true;
	}

	#resume(at: number): void {
		this.#frameMs = at;
		if (this.spans.change('on', this.#time(at))) this.#dirty = true;
	}

	async #writeManifest(): Promise<void> {
		this.#dirty = false;
		await this.#keeper.writeManifest(this.manifest());
	}
}

function evidenceOf({ evidence }: Epoch): Manifest['evidence'] {
	const { admissions, removals, receipts, recorders, notice } = evidence;
	return {
		admissions: [...admissions],
		removals: [...removals],
		receipts: [...receipts],
		recorders: [...recorders],
		notice,
	};
}
