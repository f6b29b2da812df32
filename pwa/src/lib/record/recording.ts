import { ReceiptBook, type SignedReceipt } from '#crypto/consent/consent.ts';
import { toBase64url } from '#crypto/bytes.ts';
import type { Epoch } from '#crypto/group/group.ts';
import { ApiError, type RecordingsApi } from './api.ts';
import { signCheckpoint } from './checkpoint.ts';
import type { Disk } from './disk.ts';
import type { Sink } from './intake.ts';
import { Journal } from './journal.ts';
import { KeyFrames } from './keyframes.ts';
import { type Manifest, sealManifest } from './manifest.ts';
import type { Membership, SealedBy } from './membership.ts';
import type { Missing, Problem, Status } from './messages.ts';
import { People } from './people.ts';
import type { PortFrame, PortMark } from './port.ts';
import type { Pauses } from './retry.ts';
import { Spans } from './spans.ts';
import { Spool, SpoolFull } from './spool.ts';
import { type Granting, type NewTracks, type PersonTracks, makeTracks } from './tracks.ts';
import { Troubles } from './troubles.ts';
import { Uploader } from './uploader.ts';
import { codecOfMime } from './webm.ts';

const checkpointMs = 10_000;
const noMediaMs = 10_000;
const estimateMs = 10_000;
/** While the disk is nearly full, parts are closed so often; a track may have 1024 of them. */
const rollMs = 60_000;
const freeBytesMin = 200 * 1024 * 1024;

/** What a recording needs from the worker around it. */
export interface Surroundings {
	/** Milliseconds since 1970 on the clock that `ref` of the frames is on. */
	now(): number;
	/** Free bytes of the disk as the browser estimates, or null. */
	freeBytes(): Promise<number | null>;
	askForKeyFrame(src: string): void;
	problem(problem: Problem, on: boolean): void;
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
	readonly spool: Spool;
	readonly uploader: Uploader;
	readonly spans = new Spans();
	readonly people: People;
	readonly manifestKey: CryptoKey;
	/** Parts of the manifest that were written. */
	manifests = 0;
	readonly #options: Options;
	readonly #journal: Journal;
	readonly #rosters: Manifest['rosters'] = [];
	readonly #troubles: Troubles;
	readonly #keyFrames: KeyFrames;
	readonly #missing: Missing[] = [];
	#epoch: Epoch;
	/** What holds of each subject, where more is known than the epoch said. */
	#heard: readonly SignedReceipt[] = [];
	#dirty = true;
	#checkpoints = 0;
	#checkpointMs = 0;
	#estimateMs = 0;
	#freeBytes: number | null = null;
	#frameMs: number;
	#telling = false;
	#rollMs = 0;
	#ended = Promise.withResolvers<void>();

	private constructor(options: Options, epoch: Epoch, made: NewTracks, manifestKey: CryptoKey) {
		const { recording, api, pauses, disk, membership, around } = options;
		this.#options = options;
		this.recording = recording;
		this.startedAt = Math.ceil(around.now());
		this.#epoch = epoch;
		this.#frameMs = this.startedAt;
		this.manifestKey = manifestKey;
		this.spool = new Spool(disk);
		this.#journal = new Journal(disk);
		this.#troubles = new Troubles((problem, on) => around.problem(problem, on));
		this.#keyFrames = new KeyFrames((src) => around.askForKeyFrame(src));
		const tell = (trouble: Problem | null): void => this.#troubles.uploading(trouble, around.now());
		this.uploader = new Uploader({ api, spool: this.spool, recording, pauses, tell });
		this.people = new People({
			recording,
			zeroMs: this.startedAt,
			spool: this.spool,
			context: () => ({
				session: membership.session,
				generation: this.#epoch.generation,
				receipts: this.#epoch.receiptsDigest,
				recorder: membership.signing.publicKey,
				zeroMs: this.startedAt,
			}),
		});
		this.people.meet(epoch.roster, epoch.verified.notice?.notice.host ?? '');
		this.people.give(made.people);
		this.#rosterRow(epoch);
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
		await this.#write(nowMs);
		if (this.#dirty) await this.#writeManifest();
		this.uploader.wake();
		if (nowMs - this.#checkpointMs >= checkpointMs) {
			this.#checkpointMs = nowMs;
			void this.#checkpoint(nowMs);
		}
		if (nowMs - this.#estimateMs >= estimateMs) {
			this.#estimateMs = nowMs;
			await this.#watchDisk();
		}
		this.#alive();
		const silent = this.spans.state === 'on' && nowMs - this.#frameMs > noMediaMs;
		this.#troubles.set('no-media', silent);
		this.#troubles.tick(nowMs);
	}

	/** Closes everything that is open; what is sealed goes on being uploaded. */
	async end(): Promise<void> {
		const timeout = setTimeout(() => this.#ended.resolve(), 2000);
		await this.#ended.promise;
		clearTimeout(timeout);
		const nowMs = this.#options.around.now();
		for (const { lane } of this.people.lanes) lane.close(nowMs);
		await this.#write(nowMs);
		this.spans.end(this.#time(nowMs));
		await this.#writeManifest();
		this.uploader.wake();
		void this.#checkpoint(nowMs);
	}

	status(): Omit<Status, 'type'> {
		const nowMs = this.#options.around.now();
		const { stored, acked } = this.spool.bytes;
		return {
			state: this.spans.state,
			generation: this.#options.membership.epoch?.generation ?? 0,
			elapsedMs: Math.round(this.spans.elapsed(this.#time(nowMs))),
			bytesStored: stored,
			bytesAcked: acked,
			gaps: this.missing.length,
			freeBytes: this.#freeBytes,
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

	async #write(nowMs: number): Promise<void> {
		const writing = this.people.lanes.map(async ({ lane, parts }) => {
			const outputs = lane.take(nowMs);
			if (outputs.length === 0) return;
			try {
				await parts.write(outputs);
			} catch (error) {
				if (!(error instanceof SpoolFull)) throw error;
				lane.interrupt('overflow');
				lane.close(nowMs);
			}
		});
		await Promise.all(writing);
		this.#troubles.set('quota-full', this.spool.diskFull);
	}

	async #writeManifest(): Promise<void> {
		this.#dirty = false;
		const part = this.manifests++;
		const { signing } = this.#options.membership;
		const chunks = await sealManifest({
			manifest: this.manifest(),
			key: this.manifestKey,
			signing,
			part,
		});
		const name = { track: this.recording, part };
		for (const chunk of chunks) await this.spool.add(name, chunk);
		this.spool.close(name);
	}

	/** States what the server has, so that it can be held to it: not what is still only here. */
	async #checkpoint(nowMs: number): Promise<void> {
		const steps = this.people.lanes.flatMap(({ parts }) => {
			const tracks = new Map(parts.states.map(({ track, part }) => [part, track]));
			return this.spool.parts.flatMap(({ track, part, acked }) =>
				tracks.get(part) === track && acked > 0 ? (parts.stepAt(part, acked) ?? []) : [],
			);
		});
		const { recording } = this;
		const { signing } = this.#options.membership;
		const [n, at] = [this.#checkpoints++, Math.round(nowMs)];
		const signed = await signCheckpoint({ recording, signing, n, at, steps });
		// Ten seconds later there is a newer one.
		await this.uploader.checkpoint(signed).catch(ignoreApi);
	}

	/** Every second the server hears that the recorder is there; it calls a silent one lost. */
	#alive(): void {
		if (this.#telling) return;
		this.#telling = true;
		void this.#options.api
			.alive(this.recording)
			.catch(ignoreApi)
			.finally(() => (this.#telling = false));
	}

	async #watchDisk(): Promise<void> {
		this.#freeBytes = await this.#options.around.freeBytes();
		const low = this.#freeBytes !== null && this.#freeBytes < freeBytesMin;
		this.#troubles.set('quota-low', low);
		if (!low) return;
		// Only whole files can be given back: parts are closed, and go once the server has them.
		const nowMs = this.#options.around.now();
		if (nowMs - this.#rollMs >= rollMs) {
			this.#rollMs = nowMs;
			for (const { lane } of this.people.lanes) lane.roll();
		}
		await this.spool.dropAcked();
	}
}

function ignoreApi(error: unknown): void {
	if (!(error instanceof ApiError) && !(error instanceof DOMException)) throw error;
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
