import { fromUtf8 } from '#crypto/bytes.ts';
import { type FileFormat, pictureTrack, soundTrack } from '#lib/record/file.ts';
import { readUint } from '#lib/record/ebml.ts';
import { ElementStream, children } from '#lib/record/elements.ts';
import { type Codec, type Packet, codecOf, ids } from '#lib/record/webm.ts';

const blockGroup = 0xa0;
const block = 0xa1;
const referenceBlock = 0xfb;
function childOf(body: Uint8Array, id: number): Uint8Array {
	for (const child of children(body)) if (child.id === id) return child.body;
	return new Uint8Array(0);
}

/**
 * Reads a finished WebM of one person as it comes: picture and sound in one file, cues in front or not. Bytes in, packets
 * out, numbered as in the files that are written here. It knows no lacing.
 */
export class FilmReader {
	readonly #elements = new ElementStream();
	#clusterMs = 0;
	readonly #codecs = new Map<number, Codec>();
	/** Codec and size of the picture, once the head was read. */
	format: FileFormat = { codec: 'vp8', width: 0, height: 0 };

	/** The packets that are whole now. Throws RangeError for what is no such file. */
	push(bytes: Uint8Array): Packet[] {
		const packets: Packet[] = [];
		for (const { id, body } of this.#elements.push(bytes)) this.#element(id, body, packets);
		return packets;
	}

	#element(id: number, body: Uint8Array, packets: Packet[]): void {
		if (id === ids.timestamp) this.#clusterMs = readUint(body);
		if (id === ids.tracks) for (const child of children(body)) this.#track(child.body);
		if (id === ids.simpleBlock) {
			const flags = body[3] ?? 0;
			this.#block(body, (flags & 0x80) !== 0, packets);
		}
		if (id !== blockGroup) return;
		let refers = false;
		for (const child of children(body)) refers ||= child.id === referenceBlock;
		this.#block(childOf(body, block), !refers, packets);
	}

	#track(entry: Uint8Array): void {
		const codec = codecOf(fromUtf8(childOf(entry, ids.codecId)));
		if (!codec) throw new RangeError('unknown codec');
		this.#codecs.set(readUint(childOf(entry, ids.trackNumber)), codec);
		if (codec === 'opus') return;
		const video = childOf(entry, ids.video);
		const width = readUint(childOf(video, ids.pixelWidth));
		const height = readUint(childOf(video, ids.pixelHeight));
		this.format = { codec, width, height };
	}

	#block(body: Uint8Array, key: boolean, packets: Packet[]): void {
		if (body.length < 4) throw new RangeError('torn block');
		const view = new DataView(body.buffer, body.byteOffset, body.length);
		const codec = this.#codecs.get(view.getUint8(0) & 0x7f);
		if (!codec) throw new RangeError('a block of no track');
		const track = codec === 'opus' ? soundTrack : pictureTrack;
		const timeMs = this.#clusterMs + view.getInt16(1);
		packets.push({ track, timeMs, key: key || codec === 'opus', data: body.slice(4) });
	}
}
