import { type Bytes, concat } from '#crypto/bytes.ts';
import { element, elementHead, uint } from './ebml.ts';
import {
	type Packet,
	type WebmTrack,
	ebmlHeader,
	ids,
	infoElement,
	simpleBlock,
	simpleBlockBytes,
	tracksElement,
} from './webm.ts';

/**
 * A finished file is written in two passes over the same packets: measure, then write. So its cues stand in front and it
 * never lies in memory. Its picture is track 1, its sound track 2.
 */
export interface FilePlan {
	/** Time of the first packet: what `writeFile` takes as 0. */
	readonly startMs: number;
	readonly durationMs: number;
	/** Whether any packet of the picture was there. */
	readonly picture: boolean;
	readonly sound: boolean;
	/** Times from `startMs`. */
	readonly clusters: readonly ClusterPlan[];
}

interface ClusterPlan {
	readonly timeMs: number;
	/** Bytes of its blocks and its timestamp. */
	readonly bodyBytes: number;
	/** Whether it begins with a key frame of the picture. */
	readonly key: boolean;
}

export const pictureTrack = 1;
export const soundTrack = 2;

const clusterMs = 5000;
/** How long the last frame is taken to last. */
const lastFrameMs = 20;

function isPictureKey({ key, track }: Packet): boolean {
	return key && track === pictureTrack;
}

function clusterTime(timeMs: number): Bytes {
	return uint(ids.timestamp, timeMs);
}

/** Packets, and whether each begins a cluster: a key frame of the picture does, and everything after 5 s. */
async function* split(
	packets: AsyncIterable<Packet>,
): AsyncGenerator<{ packet: Packet; begins: boolean }> {
	let startMs = -Infinity;
	for await (const packet of packets) {
		const begins = isPictureKey(packet) || packet.timeMs - startMs >= clusterMs;
		if (begins) startMs = packet.timeMs;
		yield { packet, begins };
	}
}

/** First pass: where everything will lie. Packets are in order of time. Undefined when there are none. */
export async function planFile(packets: AsyncIterable<Packet>): Promise<FilePlan | undefined> {
	const clusters: { timeMs: number; bodyBytes: number; key: boolean }[] = [];
	const tracks = new Set<number>();
	let startMs: number | undefined;
	let durationMs = 0;
	for await (const { packet, begins } of split(packets)) {
		startMs ??= packet.timeMs;
		const timeMs = packet.timeMs - startMs;
		tracks.add(packet.track);
		if (begins) {
			const key = isPictureKey(packet);
			clusters.push({ timeMs, bodyBytes: clusterTime(timeMs).length, key });
		}
		const last = clusters.at(-1);
		if (last) last.bodyBytes += simpleBlockBytes(packet.data.length);
		durationMs = Math.max(durationMs, timeMs + lastFrameMs);
	}
	if (startMs === undefined) return undefined;
	const [picture, sound] = [tracks.has(pictureTrack), tracks.has(soundTrack)];
	return { startMs, durationMs, picture, sound, clusters };
}

function clusterHead(cluster: ClusterPlan): Bytes {
	return elementHead(ids.cluster, cluster.bodyBytes);
}

function cues(plan: FilePlan, firstCluster: number): Bytes {
	const points: Bytes[] = [];
	let at = firstCluster;
	for (const cluster of plan.clusters) {
		if (cluster.key || !plan.picture) {
			const place = [
				uint(ids.cueTrack, plan.picture ? pictureTrack : soundTrack),
				uint(ids.cueClusterPosition, at),
			];
			const time = uint(ids.cueTime, cluster.timeMs);
			points.push(element(ids.cuePoint, time, element(ids.cueTrackPositions, ...place)));
		}
		at += clusterHead(cluster).length + cluster.bodyBytes;
	}
	return element(ids.cues, ...points);
}

function seek(id: number, position: number): Bytes {
	const name = new Uint8Array(4);
	new DataView(name.buffer).setUint32(0, id);
	return element(ids.seek, element(ids.seekId, name), uint(ids.seekPosition, position));
}

/** Everything before the first cluster. */
export function fileHead(plan: FilePlan, format: FileFormat): Bytes {
	const { codec, width, height } = format;
	const tracks = tracksElement([
		...(plan.picture ? [{ number: pictureTrack, codec, width, height }] : []),
		...(plan.sound ? [{ number: soundTrack, codec: 'opus' as const, width: 0, height: 0 }] : []),
	]);
	const info = infoElement(plan.durationMs);
	const seekHead = (at: number): Bytes => {
		const places = [
			seek(ids.info, at),
			seek(ids.tracks, at + info.length),
			seek(ids.cues, at + info.length + tracks.length),
		];
		return element(ids.seekHead, ...places);
	};
	// Positions are 8 bytes whatever they say, so the lengths are known before the values.
	const seekBytes = seekHead(0).length;
	const before = seekBytes + info.length + tracks.length;
	const table = cues(plan, before + cues(plan, 0).length);
	const body = plan.clusters.reduce(
		(sum, cluster) => sum + clusterHead(cluster).length + cluster.bodyBytes,
		before + table.length,
	);
	const start = concat(ebmlHeader(), elementHead(ids.segment, body));
	return concat(start, seekHead(seekBytes), info, tracks, table);
}

/** Codec and size of the picture, if the file has one. */
export type FileFormat = Pick<WebmTrack, 'codec' | 'width' | 'height'>;

/** Length of the whole file. */
export function fileBytes(plan: FilePlan, format: FileFormat): number {
	return plan.clusters.reduce(
		(sum, cluster) => sum + clusterHead(cluster).length + cluster.bodyBytes,
		fileHead(plan, format).length,
	);
}

/** Second pass over the very same packets: the file in small pieces. Throws RangeError when they are not the same. */
export async function* writeFile(options: {
	plan: FilePlan;
	format: FileFormat;
	packets: AsyncIterable<Packet>;
}): AsyncGenerator<Bytes> {
	const { plan, format, packets } = options;
	yield fileHead(plan, format);
	const rest = plan.clusters.values();
	let left = 0;
	let clusterAt = 0;
	for await (const { packet, begins } of split(packets)) {
		if (begins) {
			const { value: cluster } = rest.next();
			if (left !== 0 || !cluster) throw new RangeError('other packets than measured');
			({ timeMs: clusterAt, bodyBytes: left } = cluster);
			const time = clusterTime(clusterAt);
			left -= time.length;
			yield concat(clusterHead(cluster), time);
		}
		const block = simpleBlock({ ...packet, timeMs: packet.timeMs - plan.startMs }, clusterAt);
		left -= block.length;
		yield block;
	}
	if (left !== 0 || !rest.next().done) throw new RangeError('other packets than measured');
}
