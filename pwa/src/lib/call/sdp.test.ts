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

test('what is said of a payload type that a section does not offer goes', () => {
	const answer = [
		'v=0',
		'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
		'a=rtcp-fb:96 nack',
		'a=rtcp-fb:98 nack',
		'a=rtcp-fb:98 nack pli',
		'a=fmtp:98 profile-id=0',
		'a=fmtp:97 apt=96',
		'a=rtpmap:96 VP8/90000',
		'm=audio 9 UDP/TLS/RTP/SAVPF 98',
		'a=rtpmap:98 G722/8000',
		'',
	];
	const kept = answer.filter((_line, at) => ![3, 4, 5].includes(at));
	expect(quietSdp(answer.join('\r\n')).split('\r\n')).toEqual(kept);
});
