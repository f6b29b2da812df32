import { type Bytes, equal, fromBase64url, toBase64url, toHex } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Epoch, EpochRefused, joinEpoch } from '#crypto/group/group.ts';
import type { PackageStore } from '#crypto/group/group.ts';
import { type Request, type Socket, SocketError } from '#lib/net/socket.ts';
import { limits } from '#protocol/limits.ts';
import type { RoomMessage, Seat, ServerMessage } from '#protocol/socket.ts';
import type { Keys, RoomEvents } from './keys.ts';
import type { Knowledge } from './knowledge.ts';
import { Maker, type Wish } from './maker.ts';
import { Pace } from './pace.ts';
import { Recent } from './recent.ts';
import {
	type CallMessage,
	type Envelope,
	decodeCallMessage,
	encodeCallMessage,
} from './messages.ts';
import { envelopeOf, envelopeText } from './messages.ts';

export interface RoomOptions {
	readonly socket: Socket;
	readonly session: string;
	readonly seat: string;
	readonly isHost: boolean;
	readonly hostKey: Bytes;
	readonly store: PackageStore;
	readonly keys: Keys;
	readonly knowledge: Pick<Knowledge, 'known' | 'evidence' | 'learn'>;
	/** Whether somebody in this epoch took back her consent, as far as this client knows. */
	readonly withdrawn?: (epoch: Epoch) => boolean;
	/** What takes the seat at the server: `enter` or `knock`. */
	readonly enter: () => Promise<Request>;
}

/** Others have this long to say that they hold the new keys before this client seals with them, milliseconds. */
const switchMs = 250;
/** After a refusal that may pass, milliseconds. */
const againMs = 3000;

type EpochMessage = Extract<ServerMessage, { type: 'epoch' }>;

/** The key group of one call, as one client lives it: takes epochs, makes them, and says what holds. */
export class Room {
	readonly options: RoomOptions;
	readonly seats = new Map<string, Seat>();
	readonly on: RoomEvents;
	/** Seats of the leaves of `epoch`. */
	leaves: readonly string[] = [];
	epoch: Epoch | undefined;
	/** The newest generation that the server accepted. */
	newest = 0;
	/** Whether what is sealed here is held back, because somebody withdrew and the recorder is still in. */
	holding = false;
	entered = false;
	/** Seats that were in the group while this client was: only these are brought back. */
	readonly #members = new Set<string>();
	readonly #applied = new Map<number, Set<string>>();
	readonly #pace = new Pace();
	readonly #maker: Maker;
	readonly #recent: Recent;
	#queue: Promise<void> = Promise.resolve();
	#early: { from: string; envelope: Envelope }[] = [];
	#rejoining = false;
	#stop: () => void;
	#closed = false;

	constructor(options: RoomOptions, on: RoomEvents) {
		this.options = options;
		this.on = on;
		this.#recent = new Recent(options.keys, this.#pace);
		this.#maker = new Maker({
			options,
			pace: this.#pace,
			settled: () => this.#queue,
			closed: () => this.#closed,
			newest: () => this.newest,
			previous: () => (this.#rejoining ? undefined : this.epoch),
			leaves: () => this.leaves,
			present: (seat) => this.seats.get(seat)?.present ?? false,
			install: async (epoch, seats, welcome) => {
				this.newest = Math.max(this.newest, epoch.generation);
				this.#place(seats);
				await this.#install(epoch, seats, welcome);
				this.on.changed();
			},
		});
		this.#stop = options.socket.listen((message) => this.#take(message));
		options.socket.onready = (ready) => {
			if (ready) void this.reenter();
			else this.entered = false;
			this.on.changed();
		};
		options.socket.onrefused = (why) =>
			why === 'version' ? this.on.outdated() : this.on.over('replaced');
		if (options.socket.ready) void this.reenter();
	}

	close(): void {
		this.#closed = true;
		this.#stop();
		this.#pace.stop();
		this.options.keys.hold();
	}

	seatOf(key: Bytes): string | undefined {
		const member = this.epoch?.roster.find((one) => equal(one.key, key));
		return member && this.leaves[member.leaf];
	}

	/** Seals a message for the group: the bytes for the data channel and the text for the relay are the same. */
	async seal(message: CallMessage): Promise<Envelope> {
		const epoch = this.epoch;
		if (!epoch) throw new CryptoError('no-key');
		const sealed = await epoch.seal(encodeCallMessage(message));
		return { generation: epoch.generation, sealed };
	}

	/** Sends by way of the server; comes when the server has it on its disk, however long that takes. */
	async relay(envelope: Envelope, to: readonly string[]): Promise<void> {
		const body = envelopeText(envelope);
		const { socket } = this.options;
		await Promise.all(
			to.map((seat) => socket.request({ type: 'relay', to: seat, body }, { repeat: true })),
		);
	}

	/** Seats of the other people in the epoch. */
	others(): string[] {
		const people = this.epoch?.roster.filter((member) => member.role !== 'recorder') ?? [];
		const seats = people.map((member) => this.leaves[member.leaf] ?? '');
		return seats.filter((seat) => seat !== '' && seat !== this.options.seat);
	}

	/** Seals nothing from this turn on, until an epoch without a recorder is in force. */
	hold(): void {
		this.holding = true;
		this.options.keys.hold();
	}

	/** Nothing has to be held back any more, because no recorder is in the group. */
	async release(): Promise<void> {
		const { epoch } = this;
		if (!this.holding || !epoch || epoch.hasRecorder) return;
		this.holding = false;
		await this.options.keys.use(epoch.generation);
		this.on.changed();
	}

	/** Opens an envelope that came over a data channel or the relay, as soon as its keys are here. */
	async open(from: string, envelope: Envelope): Promise<void> {
		const { generation, sealed } = envelope;
		const epoch =
			this.epoch?.generation === generation ? this.epoch : this.#recent.find(generation);
		if (!epoch) {
			if (generation > (this.epoch?.generation ?? 0) && this.#early.length < 64)
				this.#early.push({ from, envelope });
			return;
		}
		try {
			const { sender, plaintext } = await epoch.open(sealed);
			this.on.message(sender, decodeCallMessage(plaintext));
		} catch (error) {
			// Altered, repeated or not for us: nobody but its sender is harmed.
			if (!(error instanceof CryptoError)) throw error;
		}
	}

	/** Makes epochs until the wish is fulfilled or somebody else fulfilled it. Rejects with what stopped it. */
	change(wish: Wish): Promise<void> {
		return this.#maker.change(wish);
	}

	/** Takes the seat, or takes it again for a knock whose contents changed. */
	async reenter(): Promise<void> {
		const { socket, enter } = this.options;
		try {
			await socket.request(await enter());
			this.on.entered();
		} catch (error) {
			if (!(error instanceof SocketError)) throw error;
			if (error.code === 'session-ended') this.on.over('session-ended');
			if (error.code === 'gone' || error.code === 'forbidden') this.on.over('removed');
			// What passes by itself; after a lost connection the socket's return asks again.
			if (['slow-down', 'internal', 'over-limit'].includes(error.code))
				this.#pace.after(againMs, () => void this.reenter());
		}
	}

	#take(message: ServerMessage): void {
		const handled = this.#queue.then(() => this.#handle(message));
		this.#queue = handled.catch((error: unknown) => {
			if (!(error instanceof CryptoError || error instanceof SocketError)) reportError(error);
		});
	}

	async #handle(message: ServerMessage): Promise<void> {
		if (this.#closed) return;
		switch (message.type) {
			case 'room':
				if (message.session === this.options.session) await this.#onRoom(message);
				break;
			case 'seat':
				if (message.session !== this.options.session) return;
				this.seats.set(message.seat.seat, message.seat);
				break;
			case 'epoch':
				await this.#onEpoch(message);
				break;
			case 'applied':
				this.#onApplied(message.seat, message.generation);
				return;
			case 'rejoin':
				this.#onRejoin(message.seat);
				return;
			case 'relay':
				// Acknowledged also when it makes no sense: it would come again for ever.
				this.options.socket.send({ type: 'ack', n: message.n });
				await this.open(message.from, envelopeOf(message.body));
				return;
			case 'low':
				if (message.seat === this.options.seat) await this.#refill(message.left, false);
				else this.on.low(message.seat, message.left);
				return;
			case 'removed':
				return this.on.over('removed');
			case 'ended':
				if (message.session === this.options.session) this.on.over('ended');
				return;
			default:
				return;
		}
		this.on.changed();
	}

	async #onRoom(message: RoomMessage): Promise<void> {
		this.entered = true;
		this.seats.clear();
		for (const seat of message.seats) this.seats.set(seat.seat, seat);
		this.newest = Math.max(this.newest, message.generation);
		const wasHere = this.seats.get(message.seat)?.state === 'in-call';
		// Packages of an earlier load of this page open nothing any more.
		await this.#refill(message.packages, this.options.store.unused < message.packages);
		if (message.epoch && message.epoch.generation > (this.epoch?.generation ?? 0))
			await this.#onEpoch({ type: 'epoch', ...message.epoch });
		else if (this.epoch && message.generation > this.epoch.generation) this.#rejoin();
		else if (!this.epoch && (wasHere || this.options.isHost) && message.generation > 0)
			this.#rejoin();
		this.#pace.notice();
	}

	async #refill(left: number, replace: boolean): Promise<void> {
		const count = limits.packagesPerSeat - (replace ? 0 : left);
		if (count <= 0) return;
		const packages = (await this.options.store.make(count)).map(toBase64url);
		const { socket, seat } = this.options;
		// Answered out of turn: the queue of messages must not wait for its own answer.
		void socket.request({ type: 'packages', seat, packages, replace }).catch(() => {});
	}

	async #onEpoch(message: EpochMessage): Promise<void> {
		await this.#maker.offer;
		this.newest = Math.max(this.newest, message.generation);
		this.#place(message.seats);
		this.#pace.notice();
		if (message.generation <= (this.epoch?.generation ?? 0)) return;
		if (!message.seats.includes(this.options.seat)) {
			if (this.epoch) this.#leftOut(message.from);
			return;
		}
		await this.#join(message);
	}

	/** What an accepted epoch says about who is in the call. */
	#place(seats: readonly string[]): void {
		for (const [seat, known] of this.seats)
			if (seats.includes(seat)) this.seats.set(seat, { ...known, state: 'in-call' });
			else if (known.state === 'in-call') this.seats.set(seat, { ...known, state: 'gone' });
	}

	async #join(message: EpochMessage): Promise<void> {
		const { store, hostKey, session, knowledge } = this.options;
		const welcome = fromBase64url(message.welcome);
		try {
			const epoch = await joinEpoch({
				store,
				session,
				hostKey,
				previous: this.#rejoining ? undefined : this.epoch,
				generation: message.generation,
				welcome,
				...knowledge.known(),
			});
			await this.#install(epoch, message.seats, welcome);
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
			const reason = error instanceof EpochRefused ? error.reason : error.code;
			this.on.refused(reason);
			// One was missed, or it invites a package of an earlier load of this page.
			if (!this.epoch || reason === 'other-previous' || reason === 'not-a-recipient')
				this.#rejoin();
			// The host heals what a bad epoch may have done to who is in the call.
			else if (this.options.isHost) void this.change(() => ({})).catch(() => {});
		}
	}

	async #install(epoch: Epoch, seats: readonly string[], welcome: Bytes): Promise<void> {
		const { keys, socket, knowledge, seat } = this.options;
		const before = this.epoch;
		const first = before === undefined || this.#rejoining;
		if (before) this.#recent.retire(before);
		this.epoch = epoch;
		this.leaves = seats;
		this.#rejoining = false;
		knowledge.learn(epoch);
		// Nobody seals for a recorder that has left, not even until the others have the new keys.
		if (before?.hasRecorder && !epoch.hasRecorder) keys.hold();
		await keys.install(epoch, seats, welcome);
		for (const one of seats) this.#members.add(one);
		// A withdrawal that crossed this epoch: it was checked before the withdrawal came.
		if (epoch.hasRecorder && (this.options.withdrawn?.(epoch) ?? false)) this.hold();
		socket.send({ type: 'applied', generation: epoch.generation });
		this.#onApplied(seat, epoch.generation);
		if (this.holding && !epoch.hasRecorder) this.holding = false;
		void this.#switch(epoch, first);
		this.on.epoch(epoch, first);
		const early = this.#early.filter((one) => one.envelope.generation <= epoch.generation);
		this.#early = this.#early.filter((one) => one.envelope.generation > epoch.generation);
		for (const one of early) await this.open(one.from, one.envelope);
	}

	/** Keys first, switch second: seals with an epoch when the others hold its keys, or after a moment. */
	async #switch(epoch: Epoch, first: boolean): Promise<void> {
		const waitFor = this.others().filter((seat) => this.seats.get(seat)?.present);
		await this.#pace.until(first ? 0 : switchMs, () => {
			const applied = this.#applied.get(epoch.generation);
			return waitFor.every((seat) => applied?.has(seat)) || this.epoch !== epoch;
		});
		if (this.epoch !== epoch || this.holding || this.#closed) return;
		if (epoch.hasRecorder && (this.options.withdrawn?.(epoch) ?? false)) return this.hold();
		await this.options.keys.use(epoch.generation);
		this.on.changed();
	}

	#onApplied(seat: string, generation: number): void {
		const applied = this.#applied.get(generation) ?? new Set();
		this.#applied.set(generation, applied.add(seat));
		for (const old of this.#applied.keys()) if (old < generation - 2) this.#applied.delete(old);
		this.#pace.notice();
	}

	/** All refuse an epoch without the host: she goes on from her own. Everybody else asks to be brought back. */
	#leftOut(by: string): void {
		const otherPage = this.seats.get(by)?.kind === 'host';
		if (this.options.isHost && !otherPage) void this.change(() => ({})).catch(() => {});
		else this.#rejoin();
	}

	/** Lost track of the group: asks the others to bring this seat back, until they do. */
	#rejoin(): void {
		if (this.#rejoining) return;
		this.#rejoining = true;
		const { socket, isHost } = this.options;
		const ask = async (round: number): Promise<void> => {
			if (!this.#rejoining || this.#closed) return;
			try {
				await this.#refill(0, true);
				await socket.request({ type: 'rejoin' });
			} catch (error) {
				if (!(error instanceof SocketError)) throw error;
			}
			// Nobody who holds the keys is there: the host begins a new chain of epochs.
			if (isHost && round >= 1) {
				const there = [...this.seats.values()].filter(
					(one) => one.present && one.state === 'in-call' && one.kind === 'participant',
				);
				await this.change(() => ({ add: there.map((one) => one.seat) })).catch(() => {});
			}
			this.#pace.after(round === 0 ? 1500 : 3000, () => void ask(round + 1));
		};
		void ask(0);
	}

	/** Somebody lost track: the host brings them back, or whoever is there if she does not. */
	#onRejoin(seat: string): void {
		if (!this.epoch || this.#rejoining) return;
		// Who only waits at the door was never in the group, and is let in by the host alone.
		if (!this.#members.has(seat) && this.seats.get(seat)?.kind !== 'host') return;
		const asked = this.newest;
		const rank = this.others().filter((one) => one < this.options.seat).length;
		this.#pace.after(this.options.isHost ? 0 : 700 + 500 * rank, () => {
			const back = (): boolean => this.newest > asked && this.leaves.includes(seat);
			void this.change(() => (back() ? undefined : { add: [seat] })).catch(() => {});
		});
	}
}

/** Names a member in sets and maps. */
export const keyName = (member: { readonly key: Bytes }): string => toHex(member.key);
