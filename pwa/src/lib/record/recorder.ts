import { toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { EpochRefused } from '#crypto/group/group.ts';
import { ApiError, RecordingsApi, type TokenSource } from './api.ts';
import type { Shelf } from './disk.ts';
import { finishRecording } from './finish.ts';
import { Intake } from './intake.ts';
import { judgeEnded } from './judge.ts';
import { Leftovers } from './leftovers.ts';
import { Membership } from './membership.ts';
import type { Problem, Progress, RecorderAnswer, RecorderRequest } from './messages.ts';
import type { PortFrame } from './port.ts';
import { LiveRecording } from './recording.ts';
import { nextPartOf, recoverRecording } from './recover.ts';
import { Pauses, persist } from './retry.ts';
import { localParts } from './sources.ts';

/** What the recorder needs from the worker that it runs in. */
export interface Platform {
	readonly shelf: Shelf;
	/** Milliseconds since 1970, on the clock of `performance`. */
	now(): number;
	/** Calls again and again; gives what stops it. */
	every(ms: number, act: () => Promise<void>): () => void;
	freeBytes(): Promise<number | null>;
	send(answer: RecorderAnswer, transfer?: Transferable[]): void;
}

type Asked<T extends RecorderRequest['type']> = Extract<RecorderRequest, { type: T }>;

/** A request that cannot be done; `code` goes to the page. */
class Refused extends Error {
	override readonly name = 'Refused';
	readonly code: string;

	constructor(code: string) {
		super(code);
		this.code = code;
	}
}

const tickMs = 1000;

/** Answers the page (messages.ts): one call, at most one recording, and recoveries of earlier ones. */
export class Recorder {
	readonly #platform: Platform;
	readonly #leftovers: Leftovers;
	readonly #pauses = new Pauses();
	readonly #cancels = new Map<number, AbortController>();
	#membership: Membership | undefined;
	#intake: Intake | undefined;
	#live: LiveRecording | undefined;
	#api: RecordingsApi | undefined;
	#stopTicks: (() => void) | undefined;
	#token: { value: string; renewed: PromiseWithResolvers<void> } | undefined;

	constructor(platform: Platform) {
		this.#platform = platform;
		this.#leftovers = new Leftovers(platform.shelf);
	}

	/** Takes a request of the page; its answer goes out by `Platform.send`. */
	async handle(request: RecorderRequest): Promise<void> {
		try {
			await this.#handle(request);
		} catch (error) {
			if (!('id' in request)) throw error;
			const { code, reason } = failureOf(error);
			this.#platform.send({ type: 'failed', id: request.id, code, reason });
			if (code === 'internal') throw error;
		} finally {
			if ('id' in request) this.#cancels.delete(request.id);
		}
	}

	async #handle(request: RecorderRequest): Promise<void> {
		switch (request.type) {
			case 'open':
				return this.#open(request);
			case 'packages':
				return this.#packages(request);
			case 'welcome':
				return this.#welcome(request);
			case 'left':
				this.#opened().left(request.generation);
				this.#live?.left();
				return this.#done(request);
			case 'receipts':
				await this.#live?.hear(request.receipts);
				return this.#done(request);
			case 'port':
				this.#connect(request.port);
				return this.#done(request);
			case 'start':
				return this.#start(request);
			case 'end':
				return this.#end(request);
			case 'finish':
				return this.#finish(request);
			case 'recover':
				return this.#recover(request);
			case 'leftovers':
				return this.#list(request);
			case 'resume':
				return this.#resume(request);
			case 'forget':
				await this.#leftovers.forget(request.recording);
				return this.#done(request);
			case 'cancel':
				this.#cancels.get(request.request)?.abort(new Refused('cancelled'));
				return undefined;
			case 'token':
				return this.#renewed(request.token);
			case 'online':
				this.#pauses.wake();
				return undefined;
			default:
				return request satisfies never;
		}
	}

	async #open({ id, session, hostKey }: Asked<'open'>): Promise<void> {
		const clock = (): number => this.#platform.now();
		this.#membership ??= await Membership.create({ session, hostKey, clock });
		const key = this.#membership.signing.publicKey;
		this.#platform.send({ type: 'opened', id, key });
	}

	async #packages({ id, count }: Asked<'packages'>): Promise<void> {
		const packages = await this.#opened().packages(count);
		this.#platform.send({ type: 'packages', id, packages });
	}

	async #welcome({ id, generation, welcome }: Asked<'welcome'>): Promise<void> {
		const epoch = await this.#opened().welcome({ generation, welcome });
		await this.#live?.follow(epoch);
		const roster = epoch.roster.map(({ key }) => toBase64url(key));
		this.#platform.send({ type: 'epoch', id, generation, roster });
		this.#status();
	}

	#connect(port: MessagePort): void {
		const membership = this.#opened();
		this.#intake = new Intake({
			membership,
			sink: {
				frame: (frame: PortFrame, sealedBy) => this.#live?.frame(frame, sealedBy),
				lost: (src, why) => this.#live?.lost(src, why),
				mark: (mark) => {
					this.#live?.mark(mark);
					this.#status();
				},
			},
		});
		this.#intake.open = this.#live !== undefined;
		this.#intake.connect(port);
	}

	async #start(request: Asked<'start'>): Promise<void> {
		const membership = this.#opened();
		const { epoch } = membership;
		if (!epoch || this.#live) throw new Refused('not-open');
		const { recording, title, grantor, recipients } = request;
		const api = this.#apiOf(request.server);
		const disk = await this.#platform.shelf.take(recording);
		if (!disk) throw new Refused('in-use');
		const people = recipients.map(({ id, publicIdentity: { xwing, ...rest } }) => {
			return { id, publicIdentity: xwing ? { ...rest, xwing } : rest };
		});
		const options = {
			recording,
			title,
			granting: { grantor, recipients: people },
			membership,
			api,
			pauses: this.#pauses,
			disk,
			around: {
				now: () => this.#platform.now(),
				freeBytes: () => this.#platform.freeBytes(),
				askForKeyFrame: (src: string) => this.#intake?.askForKeyFrame(src),
				problem: (problem: Problem, on: boolean) =>
					this.#platform.send({ type: 'problem', problem, on }),
			},
		};
		try {
			this.#live = await LiveRecording.start(options, epoch);
		} catch (error) {
			await this.#platform.shelf.release(recording, { remove: true });
			throw error;
		}
		// Somebody may have come or gone while the grants were stored.
		if (membership.epoch && membership.epoch !== epoch) await this.#live.follow(membership.epoch);
		if (!membership.epoch) this.#live.left();
		if (this.#intake) this.#intake.open = true;
		this.#api = api;
		this.#stopTicks = this.#platform.every(tickMs, () => this.#tick());
		this.#platform.send({ type: 'started', id: request.id, at: this.#live.startedAt });
		this.#status();
	}

	async #end({ id }: Asked<'end'>): Promise<void> {
		const live = this.#recording();
		await live.end();
		this.#stopTicks?.();
		if (this.#intake) this.#intake.open = false;
		this.#status();
		const { bytesStored: bytes, elapsedMs } = live.status();
		this.#platform.send({ type: 'ended', id, bytes, elapsedMs });
	}

	async #finish({ id }: Asked<'finish'>): Promise<void> {
		const live = this.#recording();
		const api = this.#api;
		if (live.spans.state !== 'off' || !api) throw new Refused('not-open');
		const signal = this.#cancellable(id);
		const { recording, spool } = live;
		await this.#uploading(id, signal, live);
		const pauses = this.#pauses;
		const stored = await persist(() => api.recording(recording, signal), { pauses, signal });
		const finished = await finishRecording({
			api,
			pauses,
			source: localParts({ spool, api, recording, signal }),
			people: live.tracks,
			manifestKey: live.manifestKey,
			signing: this.#opened().signing,
			manifest: live.manifest(),
			nextPart: nextPartOf(stored),
			judge: judgeEnded,
			recovered: false,
			signal,
			progress: this.#progress(id),
		});
		live.uploader.stop();
		this.#live = undefined;
		await this.#platform.shelf.release(recording, { remove: true });
		this.#platform.send({ type: 'finished', id, ...finished });
	}

	/** Waits until the server has everything, and says how far it is. */
	async #uploading(request: number, signal: AbortSignal, live: LiveRecording): Promise<void> {
		const tell = (): void => {
			const { stored: total, acked: done } = live.spool.bytes;
			this.#platform.send({ type: 'progress', request, phase: 'upload', done, total });
		};
		const timer = setInterval(tell, tickMs);
		tell();
		await live.uploader.idle(signal).finally(() => clearInterval(timer));
	}

	async #recover(request: Asked<'recover'>): Promise<void> {
		const { id, recording, keys, signing } = request;
		const signal = this.#cancellable(id);
		const api = this.#apiOf(request.server);
		const pauses = this.#pauses;
		const progress = this.#progress(id);
		// What this device still has belongs to it: a minute that is only here would be missing.
		await this.#leftovers.resume({ recording, api, pauses, signal, progress });
		const finished = await recoverRecording({
			api,
			pauses,
			recording,
			keys,
			signing,
			signal,
			progress,
		});
		this.#platform.send({ type: 'finished', id, ...finished });
	}

	async #list({ id }: Asked<'leftovers'>): Promise<void> {
		const recordings = await this.#leftovers.list();
		this.#platform.send({ type: 'leftovers', id, recordings });
	}

	async #resume(request: Asked<'resume'>): Promise<void> {
		const { id, recording, server } = request;
		const signal = this.#cancellable(id);
		const api = this.#apiOf(server);
		const progress = this.#progress(id);
		await this.#leftovers.resume({ recording, api, pauses: this.#pauses, signal, progress });
		this.#done(request);
	}

	#progress(request: number) {
		return (progress: Pick<Progress, 'phase' | 'done' | 'total'>): void =>
			this.#platform.send({ type: 'progress', request, ...progress });
	}

	async #tick(): Promise<void> {
		await this.#live?.tick();
		this.#status();
	}

	#status(): void {
		if (this.#live) this.#platform.send({ type: 'status', ...this.#live.status() });
	}

	#done({ id }: { id: number }): void {
		this.#platform.send({ type: 'done', id });
	}

	#opened(): Membership {
		if (!this.#membership) throw new Refused('not-open');
		return this.#membership;
	}

	#recording(): LiveRecording {
		if (!this.#live) throw new Refused('nothing-recorded');
		return this.#live;
	}

	#cancellable(id: number): AbortSignal {
		const controller = new AbortController();
		this.#cancels.set(id, controller);
		return controller.signal;
	}

	#apiOf({ origin, token }: { origin: string; token: string }): RecordingsApi {
		this.#token = { value: token, renewed: Promise.withResolvers() };
		return new RecordingsApi({ origin, token: this.#tokenSource });
	}

	readonly #tokenSource: TokenSource = async (stale) => {
		const held = this.#token;
		if (!held) throw new ApiError('token');
		if (stale === undefined || stale !== held.value) return held.value;
		this.#platform.send({ type: 'token-needed' });
		await held.renewed.promise;
		return this.#tokenSource();
	};

	#renewed(value: string): void {
		const held = this.#token;
		this.#token = { value, renewed: Promise.withResolvers() };
		held?.renewed.resolve();
	}
}

function failureOf(error: unknown): { code: string; reason: string | null } {
	if (error instanceof EpochRefused) return { code: error.code, reason: error.reason };
	if (error instanceof CryptoError || error instanceof ApiError || error instanceof Refused)
		return { code: error.code, reason: null };
	return { code: 'internal', reason: null };
}
