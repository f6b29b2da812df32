import { type Bytes, concat, utf8 } from '#crypto/bytes.ts';
import { element, elementHead, float, openElement, text, uint } from './ebml.ts';

/** Element ids of Matroska (RFC 9559) that a WebM of ours has. */
export const ids = {
	ebml: 0x1a45dfa3,
	segment: 0x18538067,
	seekHead: 0x114d9b74,
	seek: 0x4dbb,
	seekId: 0x53ab,
	seekPosition: 0x53ac,
	info: 0x1549a966,
	timestampScale: 0x2ad7b1,
	duration: 0x4489,
	muxingApp: 0x4d80,
	writingApp: 0x5741,
	tracks: 0x1654ae6b,
	trackEntry: 0xae,
	trackNumber: 0xd7,
	trackUid: 0x73c5,
	trackType: 0x83,
	flagLacing: 0x9c,
	codecId: 0x86,
	codecPrivate: 0x63a2,
	seekPreRoll: 0x56bb,
	video: 0xe0,
	pixelWidth: 0xb0,
	pixelHeight: 0xba,
	audio: 0xe1,
	samplingFrequency: 0xb5,
	channels: 0x9f,
	cluster: 0x1f43b675,
	timestamp: 0xe7,
	simpleBlock: 0xa3,
	cues: 0x1c53bb6b,
	cuePoint: 0xbb,
	cueTime: 0xb3,
	cueTrackPositions: 0xb7,
	cueTrack: 0xf7,
	cueClusterPosition: 0xf1,
} as const;

export type Codec = 'vp8' | 'vp9' | 'opus';

/** One track of a file. */
export interface WebmTrack {
	readonly number: number;
	readonly codec: Codec;
	/** 0 for sound. */
	readonly width: number;
	readonly height: number;
}

/** One encoded frame. */
export interface Packet {
	/** Number of its track in the file. */
	readonly track: number;
	/** Milliseconds, whole. */
	readonly timeMs: number;
	/** A decoder can start here; true for all sound. */
	readonly key: boolean;
	readonly data: Uint8Array;
}

const codecIds = { vp8: 'V_VP8', vp9: 'V_VP9', opus: 'A_OPUS' } as const;

/** The codec of a Matroska codec id, if it is one of ours. */
export function codecOf(id: string): Codec | undefined {
	if (id === 'V_VP8') return 'vp8';
	if (id === 'V_VP9') return 'vp9';
	return id === 'A_OPUS' ? 'opus' : undefined;
}

/** The codec of a MIME type as WebRTC writes it, if it is one of ours. */
export function codecOfMime(mime: string): Codec | undefined {
	const name = mime.toLowerCase();
	if (name === 'video/vp8') return 'vp8';
	if (name === 'video/vp9') return 'vp9';
	return name === 'audio/opus' ? 'opus' : undefined;
}

/**
 * RFC 7845 §5.1: two channels, 48 kHz, nothing to skip at the start. A call's stream has begun long before, and a skip that
 * differed from the container's codec delay would make players refuse the file.
 */
const opusHead = concat(utf8('OpusHead'), Uint8Array.of(1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0));

/** The EBML header of a WebM file. */
export function ebmlHeader(): Bytes {
	return element(
		ids.ebml,
		uint(0x4286, 1),
		uint(0x42f7, 1),
		uint(0x42f2, 4),
		uint(0x42f3, 8),
		text(0x4282, 'webm'),
		uint(0x4287, 4),
		uint(0x4285, 2),
	);
}

/** Info: times are in milliseconds; the duration is there once it is known. */
export function infoElement(durationMs: number | null): Bytes {
	const duration = durationMs === null ? [] : [float(ids.duration, durationMs)];
	const apps = [text(ids.muxingApp, 'Sotto'), text(ids.writingApp, 'Sotto')];
	return element(ids.info, uint(ids.timestampScale, 1_000_000), ...duration, ...apps);
}

function trackEntry(track: WebmTrack): Bytes {
	const { number, codec, width, height } = track;
	const start = [
		uint(ids.trackNumber, number),
		uint(ids.trackUid, number),
		uint(ids.trackType, codec === 'opus' ? 2 : 1),
		uint(ids.flagLacing, 0),
		text(ids.codecId, codecIds[codec]),
	];
	if (codec !== 'opus') {
		const size = [uint(ids.pixelWidth, width), uint(ids.pixelHeight, height)];
		return element(ids.trackEntry, ...start, element(ids.video, ...size));
	}
	const sound = [float(ids.samplingFrequency, 48_000), uint(ids.channels, 2)];
	return element(
		ids.trackEntry,
		...start,
		element(ids.codecPrivate, opusHead),
		// RFC 7845 §4.6: a decoder needs 80 ms to settle after a seek.
		uint(ids.seekPreRoll, 80_000_000),
		element(ids.audio, ...sound),
	);
}

/** Tracks, in this order. */
export function tracksElement(tracks: readonly WebmTrack[]): Bytes {
	return element(ids.tracks, ...tracks.map(trackEntry));
}

/** The start of a live file, which grows by whole clusters and has neither duration nor cues. */
export function liveHead(track: WebmTrack): Bytes {
	const open = openElement(ids.segment);
	return concat(ebmlHeader(), open, infoElement(null), tracksElement([track]));
}

/** Longest stretch of a cluster: block times are 16 bits with a sign. */
export const clusterMsMax = 30_000;

/** A block; `clusterMs` is the time of its cluster. */
export function simpleBlock(packet: Packet, clusterMs: number): Bytes {
	const head = new Uint8Array(4);
	const view = new DataView(head.buffer);
	view.setUint8(0, 0x80 | packet.track);
	view.setInt16(1, packet.timeMs - clusterMs);
	view.setUint8(3, packet.key ? 0x80 : 0);
	return element(ids.simpleBlock, head, packet.data);
}

/** Length of the block that holds so many bytes of a frame. */
export function simpleBlockBytes(dataBytes: number): number {
	const body = 4 + dataBytes;
	return elementHead(ids.simpleBlock, body).length + body;
}

/** Clusters that hold these packets, which are in order of time; one, or more when they span over 30 s. */
export function clusters(packets: readonly Packet[]): Bytes {
	const groups: Packet[][] = [];
	let startMs = -Infinity;
	for (const packet of packets) {
		if (packet.timeMs - startMs > clusterMsMax) {
			startMs = packet.timeMs;
			groups.push([]);
		}
		groups.at(-1)?.push(packet);
	}
	return concat(
		...groups.map((group) => {
			const clusterMs = group[0]?.timeMs ?? 0;
			const blocks = group.map((packet) => simpleBlock(packet, clusterMs));
			return element(ids.cluster, uint(ids.timestamp, clusterMs), ...blocks);
		}),
	);
}
