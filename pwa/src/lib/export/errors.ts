/** Why a copy could not be made. */
export class CopyError extends Error {
	override readonly name = 'CopyError';
	/**
	 * `copy-too-large`: more than one zip can hold; `copy-changed`: the recording is not what was opened any more;
	 * `copy-recipient`: no key of age; `copy-passphrase`: too short a passphrase.
	 */
	readonly code: 'copy-too-large' | 'copy-changed' | 'copy-recipient' | 'copy-passphrase';

	constructor(code: CopyError['code'], options?: ErrorOptions) {
		super(code, options);
		this.code = code;
	}
}
