import { concat, fromUtf8 } from '#crypto/bytes.ts';
import { readHead, readUint } from './ebml.ts';
import { type Packet, type WebmTrack, codecOf, ids } from './webm.ts';

/** Elements that hold others: only their heads are taken, so that nothing waits for a whole cluster. */
const containers: ReadonlySet<number> = new Set([ids.segment, ids.cluster]);

function children(body: Uint8Array): Map<number, Uint8Array> {
	const found = new Map<number, Uint8Array>();
	for (let at = 0; at < body.length;) {
		const head = readHead(body, at);
		if (!head || head.bodyBytes === null) throw new RangeError('torn element');
		found.set(head.id, body.subarray(head.body, head.body + head.bodyBytes));
		at = head.body + head.bodyBytes;
	}
	return found;
}

function trackOf(body: Uint8Array): WebmTrack {
	const entry = children(body);
	const number = (id: number, from = entry): number => readUint(from.get(id) ?? new Uint8Array(0));
	const codec = codecOf(fromUtf8(entry.get(ids.codecId) ?? new Uint8Array(0)));
	if (!codec) throw new RangeError('unknown codec');
	const video = children(entry.get(ids.video) ?? new Uint8Array(0));
	const [width, height] = [number(ids.pixelWidth, video), number(ids.pixelHeight, video)];
	return { number: number(ids.trackNumber), codec, width, height };
}

/**
 * Reads the WebM files that webm.ts writes, as they come: bytes in, packets out, a torn end is left out. Not a
 * reader for files of others: it knows no lacing and no block groups.
 */
export class Demuxer {
	#held: Uint8Array = new Uint8Array(0);
	#clusterMs = 0;
	/** The track of the file, once its head was read. */
	track: WebmTrack | undefined;

	/** The packets that are whole now. Throws RangeError for what is no WebM of ours. */
	push(bytes: Uint8Array): Packet[] {
		const all = this.#held.length === 0 ? bytes : concat(this.#held, bytes);
		const packets: Packet[] = [];
		let at = 0;
		for (;;) {
			const head = readHead(all, at);
			if (!head) break;
			if (containers.has(head.id)) {
				at = head.body;
				continue;
			}
			if (head.bodyBytes === null) throw new RangeError('unknown size');
			const end = head.body + head.bodyBytes;
			if (end > all.length) break;
			this.#element(head.id, all.subarray(head.body, end), packets);
			at = end;
		}
		this.#held = all.slice(at);
		return packets;
	}

	#element(id: number, body: Uint8Array, packets: Packet[]): void {
		if (id === ids.timestamp) this.#clusterMs = readUint(body);
		if (id === ids.tracks) this.track = trackOf(children(body).get(ids.trackEntry) ?? body);
		if (id !== ids.simpleBlock) return;
		const view = new DataView(body.buffer, body.byteOffset, body.length);
		packets.push({
			track: view.getUint8(0) & 0x7f,
			timeMs: this.#clusterMs + view.getInt16(1),
			key: (view.getUint8(3) & 0x80) !== 0,
			data: body.slice(4),
		});
	}
}
