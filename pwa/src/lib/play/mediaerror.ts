/** The media of a person cannot be read here: altered bytes, no connection, no key, or no decoder for them. */
export class MediaReadError extends Error {
	override readonly name = 'MediaReadError';
	readonly code = 'media-unreadable';

	constructor(options?: ErrorOptions) {
		super('media-unreadable', options);
	}
}
