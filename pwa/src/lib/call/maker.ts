import { type Bytes, fromBase64url, toBase64url, toHex } from '#crypto/bytes.ts';
import { type Epoch, makeEpoch, openPackage } from '#crypto/group/group.ts';
import { SocketError } from '#lib/net/socket.ts';
import type { Pace } from './pace.ts';
import type { RoomOptions } from './room.ts';

/** Who shall be in the next epoch, told by what this client wants. undefined: nothing is left to do. */
export type Wish = () => Wanted | undefined;

export interface Wanted {
	/** Seats to bring in that are not there: waiting persons, those who rejoin, the recorder. */
	readonly add?: readonly string[];
	/** Seats to leave out. */
	readonly drop?: readonly string[];
	/** Packages of seats that are here already and were never used; the first try uses them, and asks the server for the others. */
	readonly packages?: ReadonlyMap<string, Bytes>;
}

/** What the maker needs to know of the room that it works for. */
export interface Ground {
	readonly options: RoomOptions;
	readonly pace: Pace;
	/** Resolves when all messages that came so far were handled. */
	settled: () => Promise<void>;
	closed: () => boolean;
	newest: () => number;
	/** The epoch to go on from; undefined begins a new chain. */
	previous: () => Epoch | undefined;
	leaves: () => readonly string[];
	present: (seat: string) => boolean;
	/** This client's epoch was accepted by the server. */
	install: (epoch: Epoch, seats: readonly string[], welcome: Bytes) => Promise<void>;
}

const tries = 8;
/** So many times the host waits for the packages of somebody who looks present; a stopped machine looks so for a minute. */
const patientTries = 5;
const slowMs = 1000;
const shortMs = 150;
const lateMs = 1500;

/** Makes epochs, one at a time, until what is wanted holds. */
export class Maker {
	readonly #ground: Ground;
	#turn: Promise<unknown> = Promise.resolve();
	/** Settles when it is known whether the epoch that is being offered won. */
	offer: Promise<unknown> = Promise.resolve();
	/** Packages that were taken for an epoch that was not made yet, by seat: nobody's are wasted on waiting for others. */
	readonly #taken = new Map<string, Bytes>();
	#madeAt = Number.NEGATIVE_INFINITY;

	constructor(ground: Ground) {
		this.#ground = ground;
	}

	/** Makes epochs until the wish is fulfilled or somebody else fulfilled it. Rejects with what stopped it. */
	change(wish: Wish): Promise<void> {
		const turn = this.#turn.then(() => this.#change(wish));
		this.#turn = turn.catch(() => {});
		return turn;
	}

	async #change(wish: Wish): Promise<void> {
		const { settled, closed, pace } = this.#ground;
		this.#taken.clear();
		for (let left = tries; left > 0; left--) {
			// The server would refuse it, and the packages for it would be gone.
			await pace.until(this.#madeAt + slowMs - performance.now(), () => false);
			await settled();
			const wanted = wish();
			if (!wanted || closed()) return;
			if (left === tries)
				for (const [seat, bytes] of wanted.packages ?? []) this.#taken.set(seat, bytes);
			try {
				await this.#make(wanted, left > tries - patientTries);
				this.#madeAt = performance.now();
				return;
			} catch (error) {
				if (!(error instanceof SocketError) || left === 1) throw error;
				await this.#yield(error);
			}
		}
	}

	/** Waits for what stood in the way. Throws it when waiting does not help. */
	async #yield(error: SocketError): Promise<void> {
		const { pace, newest, settled } = this.#ground;
		switch (error.code) {
			case 'generation-taken': {
				const { generation = 0 } = error;
				await pace.until(lateMs, () => newest() >= generation);
				return settled();
			}
			case 'slow-down':
				return pace.until(slowMs, () => false);
			case 'not-ready':
			case 'offline':
				return pace.until(shortMs, () => false);
			default:
				throw error;
		}
	}

	async #make(wanted: Wanted, patient: boolean): Promise<void> {
		const { options, newest, previous, leaves, install } = this.#ground;
		const { socket, store, session, hostKey, seat, knowledge } = options;
		const drop = new Set(wanted.drop);
		const kept = leaves().filter((one) => !drop.has(one));
		const seats = new Set([...kept, ...(wanted.add ?? [])]);
		seats.delete(seat);
		// Only the host may leave somebody out.
		const mayGo = options.isHost && !patient ? kept : [];
		const taken = await this.#packages([...seats], mayGo);
		const packages = await newestOfEach(taken, store.signing.publicKey);
		const generation = newest() + 1;
		const { epoch, welcome } = await makeEpoch({
			store,
			session,
			hostKey,
			previous: previous(),
			generation,
			packages: packages.map(([, bytes]) => bytes),
			evidence: knowledge.evidence(),
			...knowledge.known(),
		});
		const order = [seat, ...packages.map(([one]) => one)];
		const text = toBase64url(welcome);
		const offer = socket.request({ type: 'epoch', generation, seats: order, welcome: text });
		const installed = offer.then(() => install(epoch, order, welcome));
		// Epochs of others that come meanwhile are looked at when it is known who won.
		this.offer = installed.catch(() => {});
		await installed;
	}

	/** One unused package of each seat; whoever has none and is away, or may go, is left out, and comes back by rejoining. */
	async #packages(seats: readonly string[], mayGo: readonly string[]): Promise<[string, Bytes][]> {
		const { options, present } = this.#ground;
		const lacking = seats.filter((seat) => !this.#taken.has(seat));
		if (lacking.length > 0) {
			const answer = await options.socket.request({ type: 'take', seats: lacking });
			if (answer.type !== 'taken') throw new SocketError('internal');
			for (const { seat, keyPackage } of answer.packages)
				this.#taken.set(seat, fromBase64url(keyPackage));
			if (answer.missing.some((seat) => present(seat) && !mayGo.includes(seat)))
				throw new SocketError('not-ready');
		}
		const packages = seats.flatMap((seat) => {
			const bytes = this.#taken.get(seat);
			return bytes === undefined ? [] : [[seat, bytes] as [string, Bytes]];
		});
		this.#taken.clear();
		return packages;
	}
}

/** One package per identity, the later one: who comes back from another page leaves an old seat behind. */
async function newestOfEach(
	packages: readonly [string, Bytes][],
	me: Bytes,
): Promise<[string, Bytes][]> {
	const byKey = new Map<string, [string, Bytes]>();
	for (const [seat, bytes] of packages) {
		const name = toHex((await openPackage(bytes)).key);
		byKey.delete(name);
		byKey.set(name, [seat, bytes]);
	}
	byKey.delete(toHex(me));
	return [...byKey.values()];
}
