import type { MissingReason } from '#crypto/consent/missing.ts';
import { CryptoError } from '#crypto/errors.ts';

/** Why an epoch is not taken part in: one word per rule. */
export type Refusal =
	/** Not a Welcome, or one that was not sealed to the package that it names. */
	| 'not-a-welcome'
	/** The MLS library found something false: a signature, a hash, a tag. */
	| 'not-valid'
	/** Not a fresh group with exactly one commit by its creator on leaf 0. */
	| 'not-one-commit'
	| 'too-large'
	| 'bad-context'
	| 'bad-evidence'
	/** A key package that cannot be read or is not signed by its own key. */
	| 'bad-package'
	| 'expired-package'
	/** Something in it was made for another session. */
	| 'other-session'
	| 'wrong-generation'
	| 'old-generation'
	| 'other-previous'
	/** Says that it is the first one, and is not by the host. */
	| 'no-previous'
	| 'stranger-creator'
	| 'recorder-creator'
	| 'duplicate-identity'
	| 'wrong-credential'
	| 'host-missing'
	| 'not-admitted'
	| 'admission-forged'
	| 'removal-forged'
	| 'recorder-forged'
	| 'notice-forged'
	| 'receipt-forged'
	| 'removed'
	| 'role-changed'
	/** Leaves out somebody whom only the host may leave out. */
	| 'participant-dropped'
	| 'too-many-people'
	| 'too-many-recorders'
	| 'recorder-uncertified'
	/** Brings in a recorder that was not there, and is not by the host. */
	| 'recorder-by-participant'
	| 'notice-missing'
	/** Knows less about withdrawals, consents or removals than the epoch before it. */
	| 'evidence-shrunk'
	/** Shows a consent that a later receipt known here has replaced. */
	| 'receipt-stale'
	| 'wrong-receipts-digest'
	| MissingReason;

/** An epoch that is not taken part in. Skip it: nothing of it is kept, and the one before stays in force. */
export class EpochRefused extends CryptoError {
	readonly reason: Refusal;

	constructor(reason: Refusal, options?: ErrorOptions) {
		super('epoch-refused', options);
		this.reason = reason;
		this.message = `epoch-refused: ${reason}`;
	}
}

/** Throws `EpochRefused` with the reason unless `condition` holds. */
export function demand(condition: boolean, reason: Refusal): asserts condition {
	if (!condition) throw new EpochRefused(reason);
}
