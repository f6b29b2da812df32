/** Why a file cannot be taken as captions; never with its words. */
export class CaptionsError extends Error {
	override readonly name = 'CaptionsError';
	readonly code: 'not-captions' | 'too-long';

	constructor(code: CaptionsError['code'], options?: ErrorOptions) {
		super(code, options);
		this.code = code;
	}
}
