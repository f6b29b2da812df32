import { type SignedReceipt, ReceiptBook } from '#crypto/consent/consent.ts';
import {
	type Epoch,
	type Evidence,
	type Known,
	type RecorderCertificate,
	type SignedAdmission,
	type SignedRemoval,
	noEvidence,
} from '#crypto/group/group.ts';
import type { Signed } from '#protocol/text.ts';
import { StoredKnowledge, keep, kept } from './shelf.ts';

/** What one client knows about a session besides the epoch it is in; kept, so that a reload forgets no withdrawal. */
export class Knowledge {
	readonly session: string;
	readonly receipts: ReceiptBook;
	/** The host's signed notice; null in a session that is not recorded. */
	readonly notice: Signed | null;
	/** This device could not keep what was learned: a reload would forget it. */
	unkept = false;
	readonly #shelf: string;
	#admissions: readonly SignedAdmission[];
	#removals: readonly SignedRemoval[];
	#recorders: readonly RecorderCertificate[] = [];
	#generation: number;

	private constructor(
		shelf: string,
		session: string,
		notice: Signed | null,
		stored: {
			receipts: ReceiptBook;
			rest: Pick<StoredKnowledge, 'admissions' | 'removals' | 'generation'>;
		},
	) {
		this.#shelf = shelf;
		this.session = session;
		this.notice = notice;
		this.receipts = stored.receipts;
		this.#admissions = stored.rest.admissions;
		this.#removals = stored.rest.removals;
		this.#generation = stored.rest.generation;
	}

	/** What this browser kept of the session, or nothing yet. Throws `bad-signature` when what was kept was altered. */
	static async open(options: {
		/** Whose it is on a device that several people use. */
		owner: string;
		session: string;
		notice: Signed | null;
	}): Promise<Knowledge> {
		const { owner, session, notice } = options;
		const shelf = `call ${owner} ${session}`;
		const stored = await kept(shelf, StoredKnowledge);
		const receipts = stored ? await ReceiptBook.open(stored.book) : new ReceiptBook(session);
		const rest = stored ?? { admissions: [], removals: [], generation: 0 };
		return new Knowledge(shelf, session, notice, { receipts, rest });
	}

	/** For `joinEpoch` and `makeEpoch`. */
	known(): { known: Known } {
		const { receipts } = this;
		return { known: { receipts, removals: this.#removals, generation: this.#generation } };
	}

	/** What is new here against the epoch in force. */
	evidence(): Evidence {
		return {
			...noEvidence,
			admissions: this.#admissions,
			removals: this.#removals,
			recorders: this.#recorders,
			notice: this.notice,
		};
	}

	/** Learns receipts, wherever from; gives whether they changed what holds. Throws as `ReceiptBook.add`. */
	async hear(...receipts: readonly SignedReceipt[]): Promise<boolean> {
		const changed = await this.receipts.add(...receipts);
		// Not waited for: whoever hears of a withdrawal acts on it first.
		if (changed) void this.#keep();
		return changed;
	}

	/** Not waited for either: the epoch that it is for carries it. */
	admit(admission: SignedAdmission): void {
		this.#admissions = [...this.#admissions.slice(-32), admission];
		void this.#keep();
	}

	async remove(removal: SignedRemoval): Promise<void> {
		this.#removals = [...this.#removals, removal];
		await this.#keep();
	}

	certify(certificate: RecorderCertificate): void {
		this.#recorders = [certificate];
	}

	/** After an epoch was taken part in. */
	learn(epoch: Epoch): void {
		this.#generation = Math.max(this.#generation, epoch.generation);
		const texts = new Set(this.#removals.map((removal) => removal.text));
		const more = epoch.evidence.removals.filter((removal) => !texts.has(removal.text));
		this.#removals = [...this.#removals, ...more];
		// The keys are not held up by the disk.
		void this.#keep();
	}

	/** A full disk must not keep a withdrawal from being acted on: what cannot be kept still holds in this page. */
	async #keep(): Promise<void> {
		await this.#write().catch(() => {
			this.unkept = true;
		});
	}

	async #write(): Promise<void> {
		await keep(this.#shelf, {
			book: this.receipts.toJSON(),
			admissions: this.#admissions,
			removals: this.#removals,
			generation: this.#generation,
		});
	}
}
