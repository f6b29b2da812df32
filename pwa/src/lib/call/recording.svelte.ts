import { random, toBase64url } from '#crypto/bytes.ts';
import { isPart2, missingReceipts, noticeDigest, verifyNotice } from '#crypto/consent/consent.ts';
import { type Epoch, certifyRecorder, signAdmission } from '#crypto/group/group.ts';
import { account } from '#lib/account/account.svelte.ts';
import { hold } from '#lib/net/busy.ts';
import { address } from '#lib/net/origin.ts';
import { m } from '#lib/paraglide/messages.js';
import { settings } from '#lib/people/settings.svelte.ts';
import { type Announcement, type RecorderClient, RecorderError } from '#lib/record/client.ts';
import { startRecorder } from '#lib/recordings/start.ts';
import type { Problem, Progress, Status } from '#lib/record/messages.ts';
import { limits } from '#protocol/limits.ts';
import type { Bytes } from '#crypto/bytes.ts';
import type { Call } from './call.svelte.ts';
import { recipientsOf } from './recipients.ts';

const newId = (): string => toBase64url(random(16));

/** Between two tries, milliseconds. */
const againMs = 1000;
/** Two hours of tries; then the recording is finished with Recover. */
const renewalsMax = 7200;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A recording that was ended and is being joined, sealed and read back. */
export interface Finishing {
	readonly recording: string;
	readonly progress: Progress | null;
	readonly state: 'working' | 'done' | 'failed';
	readonly code?: string;
}

/** The host's recorder on "This device": a worker with an identity and a leaf of its own, in the list for everybody. */
export class Recording {
	/** A change is under way. */
	busy = $state(false);
	#turn: Promise<void> = Promise.resolve();
	status = $state.raw<Status | null>(null);
	problems = $state.raw<ReadonlySet<Problem>>(new Set());
	failure = $state<string | null>(null);
	/** The recording that is on or paused. */
	current = $state<string | null>(null);
	finishing = $state.raw<Finishing | null>(null);
	readonly #call: Call;
	readonly #seat = newId();
	#client: RecorderClient | undefined;
	#opening: Promise<void> | undefined;
	#held: Epoch | undefined;
	#own: string | null = null;
	#release: (() => void) | undefined;

	constructor(call: Call) {
		this.#call = call;
	}

	/** The recorder's seat while it is wanted in the group. */
	get seat(): string {
		return this.#seat;
	}

	/** Names of people in the call who have not agreed to this notice. */
	async missing(): Promise<string[]> {
		const { room, notice, options } = this.#call;
		if (!notice || !room.epoch) return [];
		const people = room.epoch.roster.filter((member) => member.role !== 'recorder');
		const others = people.filter((member) => member.role !== 'host');
		const asked = {
			session: options.session,
			hostKey: options.hostKey,
			recorder: 'device',
			notice: await noticeDigest(notice),
			part2: isPart2(notice),
		} as const;
		const { receipts } = options.knowledge.receipts;
		const lacking = missingReceipts({ people: others.map(({ key }) => key), receipts, asked });
		return others
			.filter(({ key }) => lacking.some((one) => toBase64url(one.key) === toBase64url(key)))
			.map(({ name }) => name);
	}

	/** Starts: the host's own receipt, the recorder into the group, the track keys to the server, then the first frame. */
	start(): Promise<void> {
		return this.#busily(async () => {
			await this.#open();
			await this.#agree();
			const recording = newId();
			const { identity, member, practice } = account;
			const { notice, options } = this.#call;
			// What may have to wait for the server comes before the recorder holds a key.
			const token = await account.token();
			const recipients = recipientsOf({
				host: { id: member.id, publicIdentity: identity.publicIdentity },
				records: { id: practice.id, publicIdentity: practice.recordsIdentity },
				members: account.members,
				notice: notice && (await verifyNotice({ signed: notice, ...options })),
				supervisorsOpen: settings.supervisorsOpen,
			});
			await this.#enter();
			await this.#ask({
				type: 'start',
				recording,
				server: { origin: address('/').replace(/\/$/, ''), token },
				grantor: { id: member.id, signing: identity.signing },
				recipients,
				title: '',
			});
			this.current = recording;
			this.finishing = null;
			this.#release ??= hold('recording');
			await this.#connectPort();
			await this.#fork(true, null);
		});
	}

	pause(): Promise<void> {
		return this.#busily(async () => {
			if (this.current === null) return;
			await this.#fork(false, 'pause');
			await this.#exit();
			this.#call.told('paused');
			this.#call.act('recording-paused');
		});
	}

	resume(): Promise<void> {
		return this.#busily(async () => {
			if (this.current === null) return;
			await this.#agree();
			await this.#enter();
			await this.#fork(true, 'resume');
			this.#call.act('recording-resumed');
		});
	}

	/** Stops for good: closes the fork first, then the recorder loses its key, then the parts are joined. */
	stop(): Promise<void> {
		return this.#busily(() => this.#stop());
	}

	async #stop(): Promise<void> {
		const recording = this.current;
		const client = this.#client;
		await this.#fork(false, 'end');
		// The key is taken however long the server is away; what was recorded does not wait for that.
		const out = this.#exitForSure();
		if (recording !== null && client) {
			this.current = null;
			const { receipts } = this.#call.options.knowledge.receipts;
			await client.request({ type: 'receipts', receipts: receipts.map(({ signed }) => signed) });
			await client.request({ type: 'end' });
			await client.request({ type: 'left', generation: this.#held?.generation ?? 0 });
			// The next recording of this call has a recorder of its own.
			this.#client = undefined;
			this.#opening = undefined;
			this.#held = undefined;
			void this.#finish(client, recording);
		}
		this.#call.told('ended');
		this.#call.act('recording-ended');
		await out;
	}

	async #exitForSure(): Promise<void> {
		const { room } = this.#call;
		// Also while the page is still coming back: its first epoch may bring an old recorder along.
		while (room.epoch?.hasRecorder && !this.#call.isOver)
			await this.#exit().catch(() => later(againMs));
	}

	async #finish(client: RecorderClient, recording: string): Promise<void> {
		this.finishing = { recording, progress: null, state: 'working' };
		try {
			await client.request({ type: 'finish' });
			this.finishing = { recording, progress: null, state: 'done' };
			client.terminate();
		} catch (error) {
			if (!(error instanceof RecorderError)) throw error;
			this.finishing = { recording, progress: null, state: 'failed', code: error.code };
		} finally {
			this.#release?.();
			this.#release = undefined;
		}
	}

	/** Somebody withdrew: nothing more goes to the recorder from this turn on, and the recording ends. */
	withdrawn(): void {
		// Also while it is being started: then it ends as soon as it began.
		if (this.current === null && !this.busy) return;
		void this.#call.media.fork({ on: false, own: null, mark: 'pause' });
		void this.#busily(() => this.#stop());
	}

	/** Every epoch of the call, before it is used. */
	async follow(epoch: Epoch, welcome: Bytes): Promise<void> {
		// A recorder of an earlier load of this page: it is gone, and nobody shall believe that it records.
		if (epoch.hasRecorder && this.current === null && !this.busy) void this.#exitForSure();
		if (!this.#client) return;
		if (!epoch.hasRecorder) {
			if (this.#held) await this.#ask({ type: 'left', generation: epoch.generation });
			this.#held = undefined;
			return;
		}
		await this.#ask({ type: 'welcome', generation: epoch.generation, welcome });
		this.#held = epoch;
	}

	/** Others used up the recorder's key packages. */
	low(seat: string, left: number): void {
		if (seat !== this.#seat || !this.#client) return;
		// A lost connection asks again with the next `low`.
		void this.#stock(limits.packagesPerSeat - left).catch(() => {});
	}

	/** The connection that one's own frames are copied from is gone or another is better. */
	links(): void {
		const own = this.#call.links.primary();
		if (this.current === null || this.#call.recording !== 'on' || own === this.#own) return;
		void this.#fork(true, 'switch');
	}

	/** One after another, in the order asked for. */
	#busily(work: () => Promise<void>): Promise<void> {
		const turn = this.#turn.then(() => this.#alone(work));
		this.#turn = turn.catch(() => {});
		return turn;
	}

	async #alone(work: () => Promise<void>): Promise<void> {
		this.busy = true;
		this.failure = null;
		try {
			await work();
		} catch (error) {
			this.failure = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
			await this.#fork(false, null);
			if (this.current === null) await this.#exitForSure();
			else if (this.#call.recording === 'on') await this.#exit().catch(() => {});
		} finally {
			this.busy = false;
		}
	}

	/** When what was asked for until now is done or has failed. */
	settled(): Promise<void> {
		return this.#turn;
	}

	async #open(): Promise<void> {
		this.#opening ??= this.#load();
		try {
			await this.#opening;
		} catch (error) {
			// The next try begins with a new worker.
			this.#client?.terminate();
			this.#client = undefined;
			this.#opening = undefined;
			throw error;
		}
	}

	async #load(): Promise<void> {
		const { session, hostKey, identity, knowledge } = this.#call.options;
		const client: RecorderClient = await startRecorder((message) => this.#hear(client, message));
		this.#client = client;
		const { key } = await client.request({ type: 'open', session, hostKey });
		const host = identity.signing;
		knowledge.certify(await certifyRecorder({ host, session, key, kind: 'device' }));
		const name = m.roster_recorder_name();
		knowledge.admit(await signAdmission({ host, session, key, name, role: 'recorder' }));
		await this.#stock(limits.packagesPerSeat, true);
	}

	/** Puts the recorder's key packages up, so that anybody's epoch can keep it in. */
	async #stock(count: number, replace = false): Promise<void> {
		const { packages } = await this.#ask({ type: 'packages', count });
		const { socket } = this.#call.options;
		const list = packages.map(toBase64url);
		await socket.request({ type: 'packages', seat: this.#seat, packages: list, replace });
	}

	async #agree(): Promise<void> {
		const { identity, knowledge } = this.#call.options;
		const mine = knowledge.receipts.latest(identity.signing.publicKey);
		if (mine?.type !== 'consent') await this.#call.sign('consent');
	}

	#enter(): Promise<void> {
		const { room } = this.#call;
		return room.change(() => (room.epoch?.hasRecorder ? undefined : { add: [this.#seat] }));
	}

	#exit(): Promise<void> {
		const { room } = this.#call;
		return room.change(() => {
			const recorder = room.epoch?.roster.find(({ role }) => role === 'recorder');
			const seat = recorder && room.leaves[recorder.leaf];
			return seat === undefined ? undefined : { drop: [seat] };
		});
	}

	async #connectPort(): Promise<void> {
		const { port1, port2 } = new MessageChannel();
		await this.#ask({ type: 'port', port: port2 });
		await this.#call.media.recorder(port1);
	}

	async #fork(on: boolean, mark: 'pause' | 'resume' | 'switch' | 'end' | null): Promise<void> {
		this.#own = on ? this.#call.links.primary() : this.#own;
		await this.#call.media.fork({ on, own: on ? this.#own : null, mark });
		if (!on) return;
		await this.#call.media.keyFrame();
		// Not waited for: with a connection that is just ending it may take for ever, and so would a pause.
		if (this.#own !== null) void this.#call.links.keyFrame(this.#own);
	}

	#ask: RecorderClient['request'] = (request, signal) => {
		if (!this.#client) throw new RecorderError('not-open', null);
		return this.#client.request(request, signal);
	};

	#hear(client: RecorderClient, message: Announcement): void {
		if (message.type === 'status') this.status = message;
		else if (message.type === 'progress') {
			if (this.finishing) this.finishing = { ...this.finishing, progress: message };
		} else if (message.type === 'problem') {
			const problems = new Set(this.problems);
			if (message.on) problems.add(message.problem);
			else problems.delete(message.problem);
			this.problems = problems;
		} else void this.#renew(client);
	}

	/** The worker waits for it, however long the server is away or the keys are locked. */
	async #renew(client: RecorderClient): Promise<void> {
		for (let left = renewalsMax; left > 0; left--)
			try {
				return client.token(await account.token(true));
			} catch {
				await later(againMs);
			}
	}

	/** The page is being left. */
	async close(): Promise<void> {
		if (this.current !== null) await this.stop();
		this.#release?.();
	}
}
