import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { vi } from 'vitest';
import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import { certifyRecorder, signAdmission } from '#crypto/group/group.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import { clearBytes } from '#crypto/sframe/codec.ts';
import { SFrameSender } from '#crypto/sframe/sender.ts';
import type { RecorderAnswer, RecorderRequest } from '#lib/record/messages.ts';
import type { PortAnswer, PortBatch } from '#lib/record/port.ts';
import { Recorder } from '#lib/record/recorder.ts';
import type { Packet } from '#lib/record/webm.ts';
import { FakeCall } from '../fake/call.ts';
import { type FakePerson, clock } from '../fake/person.ts';
import type { localPractice } from '../local.ts';
import { bytesOf, signedNotice } from '../wire.ts';
import { FolderShelf } from './disk.ts';

const nodeFetch = globalThis.fetch;

type WithoutId<R> = R extends { id: number } ? Omit<R, 'id'> : never;
type Wish = WithoutId<RecorderRequest>;
type Item = PortBatch['items'][number];

/** Somebody in the call whose camera and microphone play a file. */
export interface Actor {
	readonly person: FakePerson;
	/** Track 1 is the picture, track 2 the sound; times from 0. */
	readonly packets: readonly Packet[];
	readonly mime: 'video/VP8' | 'video/VP9';
}

/**
 * A real server, a real key group and the recorder itself, with a clock that the test moves. Only the peer connections are
 * missing: frames are sealed by the members' own SFrame senders and handed over as the media worker does.
 */
export class Stage {
	readonly call: FakeCall;
	readonly local: Awaited<ReturnType<typeof localPractice>>;
	readonly recording = toBase64url(random(16));
	/** Who opens it later; the member whose session it is. */
	readonly opener: Identity;
	readonly answers: RecorderAnswer[] = [];
	readonly asked: PortAnswer[] = [];
	shelf: FolderShelf;
	token = '';
	free: number | null = null;
	/** Plays a server that gives back something else than it was given. */
	tamper: ((url: string, response: Response) => Promise<Response>) | undefined;
	#recorder: Recorder;
	#nowMs = clock();
	#ticks: (() => Promise<void>) | undefined;
	#port: MessagePort;
	#seq = 0;
	#id = 0;
	#taken = -1;
	#key: Bytes | undefined;
	readonly #folder: string;
	readonly #senders = new Map<string, SFrameSender>();
	#waiting: (() => void)[] = [];

	private constructor(options: {
		call: FakeCall;
		local: Stage['local'];
		opener: Identity;
		folder: string;
	}) {
		this.call = options.call;
		this.local = options.local;
		this.opener = options.opener;
		this.#folder = options.folder;
		this.shelf = new FolderShelf(options.folder);
		this.#recorder = this.#newRecorder();
		const { port1 } = new MessageChannel();
		this.#port = port1;
	}

	static async create(local: Stage['local']): Promise<Stage> {
		const call = await FakeCall.create();
		const { identity: opener } = await createStaffIdentity();
		const folder = await mkdtemp(join(tmpdir(), 'sotto-recorder-'));
		const stage = new Stage({ call, local, opener, folder });
		stage.nowMs = clock();
		// A browser says by itself where a request comes from.
		vi.stubGlobal('fetch', async (input: string, init?: RequestInit): Promise<Response> => {
			const headers = new Headers(init?.headers);
			headers.set('origin', local.address);
			const response = await nodeFetch(input, { ...init, headers });
			return stage.tamper ? stage.tamper(input, response) : response;
		});
		const made = await local.maya.call('POST', '/api/sessions', {
			id: call.place.session,
			startsAt: clock(),
			minutes: 50,
			sealed: bytesOf(100),
			notice: signedNotice(local.maya.identity, call.place.session),
			places: [{ id: toBase64url(random(16)), sealed: bytesOf(50) }],
		});
		if (made.status !== 201) throw new Error(`no session: ${made.body.error}`);
		return stage;
	}

	#newRecorder(): Recorder {
		return new Recorder({
			shelf: this.shelf,
			now: () => this.nowMs,
			every: (_ms, act) => {
				this.#ticks = act;
				return () => (this.#ticks = undefined);
			},
			freeBytes: async () => this.free,
			send: (answer) => {
				this.answers.push(structuredClone(answer));
				if (answer.type === 'token-needed') void this.#renew();
				for (const look of this.#waiting) look();
			},
		});
	}

	async #renew(): Promise<void> {
		this.token = (await this.local.maya.token()).body.token;
		await this.#recorder.handle({ type: 'token', token: this.token });
	}

	/** Sends a request and waits for its answer; `failed` is thrown with its code. */
	async ask<A extends RecorderAnswer['type']>(
		wish: Wish,
		type: A,
	): Promise<Extract<RecorderAnswer, { type: A }>> {
		const id = this.#id++;
		await this.#recorder.handle({ ...wish, id });
		const answer = this.answers.findLast((one) => 'id' in one && one.id === id);
		if (answer?.type === 'failed') throw new Error(answer.code);
		if (!answer || !isType(answer, type)) throw new Error(`no ${type}`);
		return answer;
	}

	/** Cancels the request that was sent last. */
	cancel(): Promise<void> {
		return this.#recorder.handle({ type: 'cancel', request: this.#id - 1 });
	}

	/** The recorder comes into being, is certified, and is connected to a media worker. */
	async open(): Promise<void> {
		const { session, hostKey } = this.call.place;
		const { key } = await this.ask({ type: 'open', session, hostKey }, 'opened');
		const recorder = new Uint8Array(key);
		this.#key = recorder;
		const host = this.call.host.signing;
		const admission = { host, session, key: recorder, name: 'Recorder', role: 'recorder' } as const;
		const { issued } = this.call;
		this.call.issued = {
			...issued,
			admissions: [...issued.admissions, await signAdmission(admission)],
			recorders: [
				...issued.recorders,
				await certifyRecorder({ host, session, key: recorder, kind: 'device' }),
			],
		};
		const { port1, port2 } = new MessageChannel();
		this.#port = port1;
		this.#seq = 0;
		port1.addEventListener('message', (event: MessageEvent<PortAnswer>) => {
			if (event.data.type === 'taken') this.#taken = event.data.seq;
			else this.asked.push(event.data);
			for (const look of this.#waiting) look();
		});
		port1.start();
		await this.ask({ type: 'port', port: port2 }, 'done');
	}

	/** The host makes an epoch of these people, with or without the recorder. */
	async epoch(people: readonly FakePerson[], options: { recorder: boolean }): Promise<void> {
		const { call } = this;
		const { relay } = call.place;
		for (const person of people) await person.refill();
		const keys = people.map(({ key }) => key);
		if (options.recorder && this.#key) {
			const { packages } = await this.ask({ type: 'packages', count: 1 }, 'packages');
			relay.post(
				this.#key,
				packages.map((one) => new Uint8Array(one)),
			);
			keys.push(this.#key);
		}
		if (!(await call.host.make(keys, call.issued))) throw new Error('no epoch');
		for (const person of people) await person.sync();
		const { generation } = relay;
		if (!options.recorder) {
			await this.ask({ type: 'left', generation }, 'done');
			return;
		}
		const welcome = relay.after(generation - 1)[0]?.[1];
		if (!welcome) throw new Error('no welcome');
		await this.ask({ type: 'welcome', generation, welcome }, 'epoch');
	}

	async start(): Promise<void> {
		const { maya } = this.local;
		this.token = (await maya.token()).body.token;
		const { member, practice } = maya.signedIn;
		const { signing, publicIdentity } = this.opener;
		const { ed25519, x25519, xwing } = publicIdentity;
		const keys = { ed25519, x25519, xwing };
		await this.ask(
			{
				type: 'start',
				recording: this.recording,
				server: this.server,
				grantor: { id: member.id, signing: { ...signing } },
				recipients: [
					{ id: member.id, publicIdentity: keys },
					{ id: practice.id, publicIdentity: keys },
				],
				title: 'Example',
			},
			'started',
		);
	}

	get server(): { origin: string; token: string } {
		return { origin: this.local.address, token: this.token };
	}

	/** Plays `from`..`to` ms of everybody's file, in batches of 200 ms and ticks of a second. */
	async play(actors: readonly Actor[], from: number, to: number, change = keepAll): Promise<void> {
		const zeroMs = this.nowMs - from;
		for (let at = from; at < to; at += 200) {
			const items: Item[] = [];
			for (const actor of actors) items.push(...(await this.#frames(actor, { at, zeroMs })));
			this.nowMs = zeroMs + Math.min(at + 200, to);
			await this.#post(change(items));
			if ((at + 200) % 1000 === 0) await this.tick();
		}
	}

	/** One clock for the recorder's device and the server. */
	get nowMs(): number {
		return this.#nowMs;
	}

	set nowMs(ms: number) {
		this.#nowMs = ms;
		this.local.clock.forward(ms - this.local.clock.now());
	}

	async tick(): Promise<void> {
		await this.#ticks?.();
	}

	async mark(mark: 'pause' | 'resume' | 'switch' | 'gap' | 'end'): Promise<void> {
		await this.#post([{ type: 'mark', seq: 0, mark, src: null, at: this.nowMs }]);
	}

	async #frames(actor: Actor, when: { at: number; zeroMs: number }): Promise<Item[]> {
		const { at, zeroMs } = when;
		const { person, packets, mime } = actor;
		const sender = await this.#sender(person);
		const due = packets.filter(({ timeMs }) => timeMs >= at && timeMs < at + 200);
		return Promise.all(
			due.map(async ({ track, timeMs, key, data }) => {
				const picture = track === 1;
				const type = picture ? mime : 'audio/opus';
				const clear = clearBytes(type, key ? 'key' : 'delta') ?? 0;
				const bytes = (await sender.seal(new Uint8Array(data), clear)).buffer;
				return {
					type: 'frame' as const,
					seq: 0,
					kind: picture ? ('video' as const) : ('audio' as const),
					src: person.name,
					rtp: (timeMs * (picture ? 90 : 48)) >>> 0,
					// The network is never quite even.
					ref: zeroMs + timeMs + 30 + (timeMs % 7),
					key,
					mime: type,
					width: picture && key ? 160 : 0,
					height: picture && key ? 90 : 0,
					bytes,
				};
			}),
		);
	}

	async #sender(person: FakePerson): Promise<SFrameSender> {
		const { epoch } = person;
		if (!epoch) throw new Error('not in the call');
		const name = `${person.name} ${epoch.generation}`;
		const known = this.#senders.get(name);
		if (known) return known;
		const { generation, me } = epoch;
		const baseKey = await epoch.sframeBaseKey();
		const sender = await SFrameSender.create({ baseKey, leaf: me.leaf, generation });
		this.#senders.set(name, sender);
		return sender;
	}

	async #post(items: readonly Item[]): Promise<void> {
		const numbered = items.map((item) => ({ ...item, seq: item.seq + this.#seq++ }));
		this.#port.postMessage({ type: 'batch', items: numbered } satisfies PortBatch);
		const last = numbered.at(-1)?.seq ?? -1;
		await this.#until(() => this.#taken >= last);
	}

	async #until(reached: () => boolean): Promise<void> {
		while (!reached()) {
			const { promise, resolve } = Promise.withResolvers<void>();
			this.#waiting.push(resolve);
			await promise;
			this.#waiting = this.#waiting.filter((one) => one !== resolve);
		}
	}

	/** Waits until the server has all that is sealed. */
	async uploaded(): Promise<void> {
		for (;;) {
			await this.tick();
			const status = this.answers.findLast((one) => one.type === 'status');
			if (status?.bytesStored === status?.bytesAcked) return;
			await setTimeout(20);
		}
	}

	/** The browser is killed: what was flushed is on the disk, everything else is gone; then a new worker. */
	async crash(): Promise<void> {
		this.#ticks = undefined;
		this.#port.close();
		this.shelf = this.shelf.crash();
		this.#recorder = this.#newRecorder();
	}

	async stop(): Promise<void> {
		vi.unstubAllGlobals();
		this.#port.close();
		await rm(this.#folder, { recursive: true, force: true });
	}
}

function keepAll(items: readonly Item[]): readonly Item[] {
	return items;
}

function isType<A extends RecorderAnswer['type']>(
	answer: RecorderAnswer,
	type: A,
): answer is Extract<RecorderAnswer, { type: A }> {
	return answer.type === type;
}
