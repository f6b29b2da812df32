/** Constant bit rate without silence gaps, so that the sizes of sealed seconds do not show who speaks (RFC 6562). */
function constantBitRate(sdp: string): string {
	const opus = /^a=rtpmap:(\d+) opus\//m.exec(sdp)?.[1];
	if (!opus) return sdp;
	const line = new RegExp(`^(a=fmtp:${opus} )(.*)$`, 'm');
	return sdp.replace(line, (_all, start: string, rest: string) => {
		const kept = rest.split(';').filter((part) => !/^(?:cbr|usedtx)=/.test(part.trim()));
		return `${start}${[...kept, 'cbr=1', 'usedtx=0'].join(';')}`;
	});
}

/** Header extensions are not encrypted by SRTP: this one would tell the network who speaks (RFC 6464 §6). */
const audioLevel =
	/^a=extmap:\d+(?:\/[a-z]+)? urn:ietf:params:rtp-hdrext:(?:ssrc|csrc)-audio-level[^\r\n]*\r?\n/gm;

const ofPayload = /^a=(?:rtcp-fb|fmtp|rtpmap):(\d+) /;

/** Without lines about payload types that their section does not offer: Firefox leaves them in, and Chromium then refuses the whole. */
function withoutStrays(sdp: string): string {
	let offered: readonly string[] = [];
	const kept = sdp.split('\r\n').filter((line) => {
		if (line.startsWith('m=')) offered = line.split(' ').slice(3);
		const payload = ofPayload.exec(line)?.[1];
		return payload === undefined || offered.includes(payload);
	});
	return kept.join('\r\n');
}

/** A description that says no more of what is spoken than it must, and that every browser reads. */
export function quietSdp(sdp: string): string {
	return withoutStrays(constantBitRate(sdp).replaceAll(audioLevel, ''));
}
