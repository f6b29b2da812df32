import type { Bytes } from '#crypto/bytes.ts';
import { ReceiptBook } from '#crypto/consent/book.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Epoch, type Member, PackageStore, joinEpoch } from '#crypto/group/group.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { clearBytes } from '#crypto/sframe/codec.ts';
import { SFrameKeyring } from '#crypto/sframe/keyring.ts';

/** Frames of an old epoch still come in for so long. */
const oldKeysMs = 5000;

/** Who sealed a frame, by its key, and what was in it. */
export interface SealedBy {
	readonly member: Member;
	readonly payload: Bytes;
}

/** The call that it is a member of. `clock` gives milliseconds since 1970. */
interface Place {
	readonly session: string;
	readonly hostKey: Bytes;
	readonly clock: () => number;
}

/** The recorder's own place in the key group: its signing key, its key packages, and the keys it may open with. */
export class Membership {
	readonly session: string;
	readonly signing: SigningKey;
	readonly #hostKey: Bytes;
	readonly #store: PackageStore;
	readonly #receipts: ReceiptBook;
	readonly #keyring = new SFrameKeyring();
	readonly #rosters = new Map<number, readonly Member[]>();
	#epoch: Epoch | undefined;
	#generation = 0;
	#turn: Promise<unknown> = Promise.resolve();

	private constructor(options: Place & { signing: SigningKey }) {
		const { session, hostKey, signing, clock } = options;
		this.session = session;
		this.signing = signing;
		this.#hostKey = hostKey;
		// Lifetimes of key packages are whole milliseconds.
		this.#store = new PackageStore({ signing, session, clock: () => Math.floor(clock()) });
		this.#receipts = new ReceiptBook(session);
	}

	static async create(options: Place): Promise<Membership> {
		return new Membership({ ...options, signing: await generateSigningKey() });
	}

	/** The epoch whose keys are held, or undefined: then nothing can be opened. */
	get epoch(): Epoch | undefined {
		return this.#epoch;
	}

	packages(count: number): Promise<Bytes[]> {
		return this.#store.make(count);
	}

	/** Takes part in an epoch; keys of the one before are kept for 5 s. Throws as `joinEpoch` does. */
	welcome(options: { generation: number; welcome: Bytes }): Promise<Epoch> {
		const joined = this.#turn.then(() => this.#join(options));
		this.#turn = joined.catch(() => undefined);
		return joined;
	}

	/** An epoch without the recorder: it holds no key from now on. */
	left(generation: number): void {
		this.#generation = Math.max(this.#generation, generation);
		this.#epoch?.close();
		this.#epoch = undefined;
		this.#keyring.forgetAll();
	}

	/**
	 * Opens a frame as it crossed the network. Undefined when it was sealed for an epoch whose keys are not held.
	 * Throws `open-failed` and other codes of `SFrameKeyring` for what is no frame of these keys.
	 */
	async open(frame: { mime: string; key: boolean; bytes: Bytes }): Promise<SealedBy | undefined> {
		const clear = clearBytes(frame.mime, frame.key ? 'key' : 'delta');
		if (clear === undefined) throw new CryptoError('open-failed');
		try {
			const opened = await this.#keyring.openFrame(frame.bytes, clear);
			const member = this.#rosters.get(opened.generation)?.[opened.leaf];
			return member && { member, payload: opened.payload };
		} catch (error) {
			if (error instanceof CryptoError && error.code === 'no-key') return undefined;
			throw error;
		}
	}

	async #join(options: { generation: number; welcome: Bytes }): Promise<Epoch> {
		const { generation, welcome } = options;
		const before = this.#epoch;
		// Who missed an epoch cannot check the chain and comes back without it.
		const previous = before?.generation === generation - 1 ? before : undefined;
		const epoch = await joinEpoch({
			store: this.#store,
			session: this.session,
			hostKey: this.#hostKey,
			previous,
			generation,
			welcome,
			known: { receipts: this.#receipts, generation: this.#generation },
		});
		const baseKey = await epoch.sframeBaseKey();
		const people = epoch.roster.filter((member) => member.role !== 'recorder');
		const leaves = people.map((member) => member.leaf);
		await this.#keyring.add({ baseKey, generation, leaves });
		baseKey.fill(0);
		// It sends no messages; what is needed to judge the next epoch stays.
		epoch.close();
		this.#rosters.set(generation, epoch.roster);
		this.#epoch = epoch;
		this.#generation = generation;
		setTimeout(() => this.#forgetBefore(generation), oldKeysMs);
		return epoch;
	}

	#forgetBefore(generation: number): void {
		this.#keyring.forgetBefore(generation);
		for (const old of this.#rosters.keys()) if (old < generation) this.#rosters.delete(old);
	}
}
