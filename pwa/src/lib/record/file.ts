import { type Bytes, concat } from '#crypto/bytes.ts';
import { element, elementHead, uint } from './ebml.ts';
import {
	type Packet,
	type WebmTrack,
	ebmlHeader,
	ids,
	infoElement,
	simpleBlock,
	tracksElement,
} from './webm.ts';

/** A finished file is written in two passes over the same packets: measure, then write. So its cues stand in front and it never lies in memory. */
export interface FilePlan {
	readonly tracks: readonly WebmTrack[];
	readonly durationMs: number;
	readonly clusters: readonly ClusterPlan[];
}

interface ClusterPlan {
	readonly timeMs: number;
	/** Bytes of its blocks and its timestamp. */
	readonly bodyBytes: number;
	/** Whether a player can start here. */
	readonly key: boolean;
}

const clusterMs = 5000;
/** How long the last frame is taken to last. */
const lastFrameMs = 20;

/** Splits packets into clusters: at each key frame of the picture, else every 5 s. */
class Splitter {
	readonly #main: number;
	#startMs = -Infinity;

	constructor(tracks: readonly WebmTrack[]) {
		const picture = tracks.find((track) => track.codec !== 'opus');
		this.#main = (picture ?? tracks[0])?.number ?? 0;
	}

	isKey(packet: Packet): boolean {
		return packet.key && packet.track === this.#main;
	}

	starts(packet: Packet, pictureFile: boolean): boolean {
		const tooLong = packet.timeMs - this.#startMs >= clusterMs;
		const starts = tooLong || (pictureFile && this.isKey(packet));
		if (starts) this.#startMs = packet.timeMs;
		return starts;
	}
}

function clusterTime(timeMs: number): Bytes {
	return uint(ids.timestamp, timeMs);
}

/** Packets with the clusters that they begin. `null` begins nothing. */
async function* split(options: {
	tracks: readonly WebmTrack[];
	packets: AsyncIterable<Packet>;
}): AsyncGenerator<{ packet: Packet; begins: { key: boolean } | null }> {
	const { tracks, packets } = options;
	const splitter = new Splitter(tracks);
	const pictureFile = tracks.some((track) => track.codec !== 'opus');
	for await (const packet of packets) {
		const begins = splitter.starts(packet, pictureFile) ? { key: splitter.isKey(packet) } : null;
		yield { packet, begins };
	}
}

/** First pass: where everything will lie. Packets are in order of time and begin at 0. */
export async function planFile(options: {
	tracks: readonly WebmTrack[];
	packets: AsyncIterable<Packet>;
}): Promise<FilePlan> {
	const clusters: { timeMs: number; bodyBytes: number; key: boolean }[] = [];
	let durationMs = 0;
	for await (const { packet, begins } of split(options)) {
		const { timeMs } = packet;
		if (begins) clusters.push({ timeMs, bodyBytes: clusterTime(timeMs).length, key: begins.key });
		const last = clusters.at(-1);
		if (last) last.bodyBytes += simpleBlock(packet, last.timeMs).length;
		durationMs = Math.max(durationMs, timeMs + lastFrameMs);
	}
	return { tracks: options.tracks, durationMs, clusters };
}

function clusterHead(cluster: ClusterPlan): Bytes {
	return elementHead(ids.cluster, cluster.bodyBytes);
}

function cues(plan: FilePlan, firstCluster: number): Bytes {
	const picture = plan.tracks.find((track) => track.codec !== 'opus') ?? plan.tracks[0];
	const points: Bytes[] = [];
	let at = firstCluster;
	for (const cluster of plan.clusters) {
		if (cluster.key) {
			const place = [uint(ids.cueTrack, picture?.number ?? 1), uint(ids.cueClusterPosition, at)];
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
export function fileHead(plan: FilePlan): Bytes {
	const info = infoElement(plan.durationMs);
	const tracks = tracksElement(plan.tracks);
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

/** Length of the whole file. */
export function fileBytes(plan: FilePlan): number {
	return plan.clusters.reduce(
		(sum, cluster) => sum + clusterHead(cluster).length + cluster.bodyBytes,
		fileHead(plan).length,
	);
}

/** Second pass over the very same packets: the file in small pieces. Throws RangeError when they are not the same. */
export async function* writeFile(
	plan: FilePlan,
	packets: AsyncIterable<Packet>,
): AsyncGenerator<Bytes> {
	yield fileHead(plan);
	const rest = plan.clusters.values();
	let left = 0;
	let timeMs = 0;
	for await (const { packet, begins } of split({ tracks: plan.tracks, packets })) {
		if (begins) {
			const { value: cluster } = rest.next();
			if (left !== 0 || !cluster) throw new RangeError('other packets than measured');
			({ timeMs, bodyBytes: left } = cluster);
			const time = clusterTime(timeMs);
			left -= time.length;
			yield concat(clusterHead(cluster), time);
		}
		const block = simpleBlock(packet, timeMs);
		left -= block.length;
		yield block;
	}
	if (left !== 0 || !rest.next().done) throw new RangeError('other packets than measured');
}
