import type { Packet } from './webm.ts';

/**
 * Two rows of packets, each in order of time, as one. Within a track time always grows by 1 ms at least; a packet that
 * would lie before its forerunner is moved.
 */
export async function* merge(rows: readonly AsyncIterable<Packet>[]): AsyncGenerator<Packet> {
	const sources = rows.map((row) => row[Symbol.asyncIterator]());
	const heads = await Promise.all(sources.map((source) => source.next()));
	const lastMs = new Map<number, number>();
	try {
		for (;;) {
			let first = -1;
			heads.forEach((head, row) => {
				if (head.done) return;
				const best = heads[first];
				if (!best || best.done || head.value.timeMs < best.value.timeMs) first = row;
			});
			const head = heads[first];
			if (!head || head.done) return;
			const packet = head.value;
			const least = (lastMs.get(packet.track) ?? -1) + 1;
			const timeMs = Math.max(packet.timeMs, least);
			lastMs.set(packet.track, timeMs);
			yield { ...packet, timeMs };
			const source = sources[first];
			if (source) heads[first] = await source.next();
		}
	} finally {
		for (const source of sources) await source.return?.();
	}
}
