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
const slowMs = 1000;
const shortMs = 150;
const lateMs = 1500;

/** Makes epochs, one at a time, until what is wanted holds. */
export class Maker {
	readonly #ground: Ground;
	#turn: Promise<unknown> = Promise.resolve();
	/** Settles when it is known whether the epoch that is being offered won. */
	offer: Promise<unknown> = Promise.resolve();

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
		const { settled, closed } = this.#ground;
		for (let left = tries; left > 0; left--) {
			await settled();
			const wanted = wish();
			if (!wanted || closed()) return;
			try {
				await this.#make(wanted);
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

	async #make(wanted: Wanted): Promise<void> {
		const { options, newest, previous, leaves, install } = this.#ground;
		const { socket, store, session, hostKey, seat, knowledge } = options;
		const drop = new Set(wanted.drop);
		const kept = leaves().filter((one) => !drop.has(one));
		const seats = new Set([...kept, ...(wanted.add ?? [])]);
		seats.delete(seat);
		const packages = await newestOfEach(await this.#packages([...seats]), store.signing.publicKey);
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

	/** One unused package of each seat; whoever has none and is away is left out, and comes back by rejoining. */
	async #packages(seats: readonly string[]): Promise<[string, Bytes][]> {
		if (seats.length === 0) return [];
		const { options, present } = this.#ground;
		const answer = await options.socket.request({ type: 'take', seats: [...seats] });
		if (answer.type !== 'taken') throw new SocketError('internal');
		if (answer.missing.some(present)) throw new SocketError('not-ready');
		const bySeat = new Map(answer.packages.map((one) => [one.seat, one.keyPackage]));
		return seats.flatMap((seat) => {
			const bytes = bySeat.get(seat);
			return bytes === undefined ? [] : [[seat, fromBase64url(bytes)] as [string, Bytes]];
		});
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
