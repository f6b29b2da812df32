/** What can go wrong in crypto/, as one stable word each; also the key of the sentence that the screen shows. */
export type CryptoErrorCode =
	| 'bad-encoding'
	| 'bad-header'
	| 'bad-key'
	| 'bad-signature'
	| 'epoch-refused'
	| 'exhausted'
	| 'not-a-recipient'
	| 'no-key'
	| 'open-failed'
	| 'stale'
	| 'too-large'
	| 'truncated'
	| 'unknown-version'
	| 'wrong-password'
	| 'wrong-recovery-key';

/** Something the other side, the disk or the user did; never contains plaintext, keys or names. */
export class CryptoError extends Error {
	override readonly name = 'CryptoError';
	readonly code: CryptoErrorCode;

	constructor(code: CryptoErrorCode, options?: ErrorOptions) {
		super(code, options);
		this.code = code;
	}
}

/** A mistake of the caller, not of the data: throws `TypeError` when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
	if (!condition) throw new TypeError(message);
}
