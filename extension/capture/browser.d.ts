/** https://www.w3.org/TR/mediacapture-transform/, which the types of the browser lack. */
declare class MediaStreamTrackProcessor<T extends AudioData | VideoFrame> {
	constructor(init: { track: MediaStreamTrack });
	readonly readable: ReadableStream<T>;
}

/** The path of a content script in the built extension. */
declare module '*?script' {
	const path: string;
	export default path;
}
