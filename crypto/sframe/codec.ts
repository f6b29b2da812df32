/**
 * Bytes at the start of an encoded frame that stay readable, because the packetizer or the decoder's front looks at
 * them: VP8 10 in a key frame and 3 in others, VP9 and Opus none. undefined for every other codec: do not send it.
 * `mimeType` as in RTCRtpCodecParameters, any case; a video frame whose type is not known has no answer either.
 */
export function clearBytes(mimeType: string, frameType?: string): number | undefined {
	switch (mimeType.toLowerCase()) {
		case 'video/vp8':
			// RFC 6386 §9.1: a key frame begins with a 3-byte tag, a start code and the dimensions.
			return frameType === 'key' ? 10 : frameType === 'delta' ? 3 : undefined;
		case 'video/vp9':
		case 'audio/opus':
			return 0;
		default:
			return undefined;
	}
}
