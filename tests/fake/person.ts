import { type Bytes, equal, toHex } from '#crypto/bytes.ts';
import { ReceiptBook, noticeDigest, signReceipt } from '#crypto/consent/consent.ts';
import type { SignedNotice, SignedReceipt } from '#crypto/consent/consent.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Epoch,
	EpochRefused,
	type Evidence,
	type Known,
	PackageStore,
	type Refusal,
	type SignedRemoval,
	joinEpoch,
	makeEpoch,
	noEvidence,
} from '#crypto/group/group.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { type FakeRelay, shelfMax } from './relay.ts';

/** The time in all tests of calls. */
export const clock = (): number => 1_763_700_000_000;

/** Where a call takes place. */
export interface Place {
	readonly session: string;
	readonly hostKey: Bytes;
	readonly relay: FakeRelay;
}

/** One client of a call: does what a client does with epochs, and remembers every key it ever held. */
export class FakePerson {
	readonly name: string;
	readonly signing: SigningKey;
	readonly place: Place;
	readonly book: ReceiptBook;
	store: PackageStore;
	epoch: Epoch | undefined;
	/** Missed one: takes the next that it is invited to, whatever came before. */
	lost = true;
	removals: SignedRemoval[] = [];
	/** The epochs that this client was in, by their base key in hexadecimal. */
	readonly held = new Map<string, Epoch>();
	readonly refusals: (Refusal | 'not-a-recipient')[] = [];
	#seen = 0;
	#accepted = 0;

	constructor(options: { name: string; signing: SigningKey; place: Place }) {
		this.name = options.name;
		this.signing = options.signing;
		this.place = options.place;
		this.book = new ReceiptBook(options.place.session);
		this.store = this.#newStore();
	}

	static async create(name: string, place: Place): Promise<FakePerson> {
		return new FakePerson({ name, place, signing: await generateSigningKey() });
	}

	get key(): Bytes {
		return this.signing.publicKey;
	}

	get isHost(): boolean {
		return equal(this.key, this.place.hostKey);
	}

	get known(): Known {
		return { receipts: this.book, removals: this.removals, generation: this.#accepted };
	}

	/** Fills the shelf up. */
	async refill(): Promise<void> {
		const missing = shelfMax - this.place.relay.stock(this.key);
		if (missing > 0) this.place.relay.post(this.key, await this.store.make(missing));
	}

	/** Looks at every epoch that came since, or only at the newest, as a client that was asleep. */
	async sync(options: { newestOnly?: boolean } = {}): Promise<void> {
		const news = this.place.relay.after(this.#seen);
		for (const [generation, welcome] of options.newestOnly ? news.slice(-1) : news)
			await this.#receive(generation, welcome);
		this.#seen = this.place.relay.generation;
	}

	async #receive(generation: number, welcome: Bytes): Promise<void> {
		const { session, hostKey } = this.place;
		const previous = this.lost ? undefined : this.epoch;
		const { store, known } = this;
		try {
			const place = { store, session, hostKey, previous, generation };
			await this.adopt(await joinEpoch({ ...place, welcome, known }));
		} catch (error) {
			if (error instanceof EpochRefused) {
				this.refusals.push(error.reason);
				// The chain went on without me.
				if (error.reason === 'other-previous') this.lose();
			} else if (error instanceof CryptoError && error.code === 'not-a-recipient') {
				this.refusals.push('not-a-recipient');
				// Left out is paused: a recorder keeps no key while it is outside.
				if (this.epoch?.me.role === 'recorder') this.lose();
			} else throw error;
		}
	}

	/** Makes the next epoch of these identities; false when somebody was faster or a package is missing. */
	async make(others: readonly Bytes[], evidence: Evidence = noEvidence): Promise<boolean> {
		const { relay } = this.place;
		const made = await this.prepare(others, evidence);
		if (!made || !relay.offer(made.epoch.generation, made.welcome)) return false;
		await this.adopt(made.epoch);
		this.#seen = relay.generation;
		return true;
	}

	/** What `make` would offer, not offered yet. */
	async prepare(others: readonly Bytes[], evidence: Evidence = noEvidence) {
		const { relay, session, hostKey } = this.place;
		const packages = others.map((key) => relay.take(key));
		const { store, known } = this;
		const previous = this.lost ? undefined : this.epoch;
		const generation = relay.generation + 1;
		const present = packages.filter((one) => one !== undefined);
		if (present.length < packages.length) return undefined;
		const place = { store, session, hostKey, previous, generation };
		return makeEpoch({ ...place, packages: present, evidence, known });
	}

	async adopt(epoch: Epoch): Promise<void> {
		this.epoch = epoch;
		this.lost = false;
		this.#accepted = epoch.generation;
		this.held.set(toHex(await epoch.sframeBaseKey()), epoch);
	}

	/** Gives its epoch up, and takes the next one it is invited to. */
	lose(): void {
		this.epoch = undefined;
		this.lost = true;
	}

	/** The page is reloaded: keys of packages and of the epoch are gone, what is persisted stays. */
	crash(): void {
		this.lose();
		this.place.relay.clear(this.key);
		this.store = this.#newStore();
	}

	/** Signs a consent to a notice, or a withdrawal, and remembers it. */
	async say(type: 'consent' | 'withdrawal', notice: SignedNotice): Promise<SignedReceipt> {
		const { session, hostKey } = this.place;
		const signed = await signReceipt({
			subject: this.signing,
			receipt: {
				session,
				hostKey,
				recorder: 'device',
				notice: await noticeDigest(notice),
				n: this.book.next(this.key),
				type,
			},
		});
		await this.book.add(signed);
		return signed;
	}

	#newStore(): PackageStore {
		const { session } = this.place;
		return new PackageStore({ signing: this.signing, session, clock });
	}
}
