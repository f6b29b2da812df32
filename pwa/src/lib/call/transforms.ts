import type { TransformOptions } from './worker/messages.ts';

/** Only codecs whose frames survive sealing whole behind a clear header (VP8, which old phones encode with the least work) or whole (VP9); Opus for sound. */
function codecs(kind: string): RTCRtpCodec[] {
	const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
	const named = (name: string): RTCRtpCodec[] =>
		all.filter((codec) => codec.mimeType.toLowerCase() === name);
	if (kind === 'audio') return named('audio/opus');
	const vp9 = named('video/vp9').filter((codec) => codec.sdpFmtpLine?.includes('profile-id=0'));
	return [...named('video/vp8'), ...vp9, ...named('video/rtx')];
}

/** Puts SFrame into both directions of a transceiver. Must run in the turn in which the transceiver came to be. */
export function attachTransforms(
	transceiver: RTCRtpTransceiver,
	options: { readonly seat: string; readonly link: string; readonly worker: Worker },
): void {
	const kind = transceiver.receiver.track.kind === 'audio' ? 'audio' : 'video';
	const wanted = codecs(kind);
	if (wanted.length > 0) transceiver.setCodecPreferences(wanted);
	const make = (direction: TransformOptions['direction']): RTCRtpScriptTransform => {
		const { seat, link } = options;
		const transform: TransformOptions = { direction, kind, seat, link };
		return new RTCRtpScriptTransform(options.worker, transform);
	};
	transceiver.receiver.transform ??= make('open');
	transceiver.sender.transform ??= make('seal');
}

/** Whether this browser can seal frames at all; without it nobody joins. */
export function canSealFrames(): boolean {
	return typeof RTCRtpScriptTransform === 'function' && typeof RTCPeerConnection === 'function';
}
