import { expect, test } from 'vitest';
import { quietSdp } from './sdp.ts';

const lines = [
	'm=audio 9 UDP/TLS/RTP/SAVPF 111',
	'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
	'a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level vad=on',
	'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
	'a=rtpmap:111 opus/48000/2',
	'a=fmtp:111 minptime=10;useinbandfec=1;cbr=0',
	'',
];

test('the level of a voice is not offered in the clear, and the bit rate is constant', () => {
	expect(quietSdp(lines.join('\r\n')).split('\r\n')).toEqual([
		lines[0],
		lines[3],
		lines[4],
		'a=fmtp:111 minptime=10;useinbandfec=1;cbr=1;usedtx=0',
		'',
	]);
});
