import { fromUtf8 } from '#crypto/bytes.ts';
import { readUint } from './ebml.ts';
import { ElementStream, children } from './elements.ts';
import { type Packet, type WebmTrack, codecOf, ids } from './webm.ts';

function childrenById(body: Uint8Array): Map<number, Uint8Array> {
	return new Map(Array.from(children(body), ({ id, body: inner }) => [id, inner]));
}

function trackOf(body: Uint8Array): WebmTrack {
	const entry = childrenById(body);
	const number = (id: number, from = entry): number => readUint(from.get(id) ?? new Uint8Array(0));
	const codec = codecOf(fromUtf8(entry.get(ids.codecId) ?? new Uint8Array(0)));
	if (!codec) throw new RangeError('unknown codec');
	const video = childrenById(entry.get(ids.video) ?? new Uint8Array(0));
	const [width, height] = [number(ids.pixelWidth, video), number(ids.pixelHeight, video)];
	return { number: number(ids.trackNumber), codec, width, height };
}

/**
 * Reads the WebM files that webm.ts writes, as they come: bytes in, packets out, a torn end is left out. Not a
 * reader for files of others: it knows no lacing and no block groups.
 */
export class Demuxer {
	readonly #elements = new ElementStream();
	#clusterMs = 0;
	/** The track of the file, once its head was read. */
	track: WebmTrack | undefined;

	/** The packets that are whole now. Throws RangeError for what is no WebM of ours. */
	push(bytes: Uint8Array): Packet[] {
		const packets: Packet[] = [];
		for (const { id, body } of this.#elements.push(bytes)) this.#element(id, body, packets);
		return packets;
	}

	#element(id: number, body: Uint8Array, packets: Packet[]): void {
		if (id === ids.timestamp) this.#clusterMs = readUint(body);
		if (id === ids.tracks) this.track = trackOf(childrenById(body).get(ids.trackEntry) ?? body);
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
