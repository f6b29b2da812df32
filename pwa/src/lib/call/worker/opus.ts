/** Bytes of a packet of sound at the bit rate that browsers choose by themselves for constant bit rate, 64 kbit/s. */
const usual = 160;
/** Where packets are longer they grow in steps of this. */
const step = 32;

/**
 * Lengthens an Opus packet to `length` bytes by padding that every decoder skips (RFC 6716 §3.2.5).
 * A packet that is as long, empty, or padded already comes back as it is.
 */
export function padOpus(packet: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
	const [toc, count = 0] = packet;
	if (toc === undefined || packet.length >= length) return packet;
	const code = toc & 3;
	if (code === 3 && (packet.length < 2 || (count & 0x40) !== 0)) return packet;
	// One frame, two of one length, two of two lengths (whose first length stands where code 3 wants it), or any.
	const frames = code === 3 ? count : ([0x01, 0x02, 0x82][code] ?? 0);
	const body = packet.subarray(code === 3 ? 2 : 1);
	const room = length - body.length - 2;
	const padded = new Uint8Array(length);
	padded[0] = toc | 3;
	if (room === 0) {
		padded[1] = frames;
		padded.set(body, 2);
		return padded;
	}
	// Each byte of 255 stands for 254 of padding and says that another byte of length follows.
	const lengthBytes = Math.ceil(room / 255);
	padded[1] = frames | 0x40;
	padded.fill(255, 2, 1 + lengthBytes);
	padded[1 + lengthBytes] = room - lengthBytes - 254 * (lengthBytes - 1);
	padded.set(body, 2 + lengthBytes);
	return padded;
}

/** Makes the packets of one sound as long as the longest before: not every browser keeps its bit rate constant when asked to. */
export class EvenPackets {
	#length = usual;

	pad(packet: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
		this.#length = Math.max(this.#length, Math.ceil(packet.length / step) * step);
		return padOpus(packet, this.#length);
	}
}
