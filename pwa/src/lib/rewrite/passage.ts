import { soundTrack } from '#lib/record/file.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import type { Packet } from '#lib/record/webm.ts';

/** A stretch of a recording, milliseconds from its start; `to` is behind it. */
export interface Passage {
	readonly from: number;
	readonly to: number;
}

/** Where a moment lies once the passage is gone; what was in it lies where it was cut. */
export function afterCut(at: number, { from, to }: Passage): number {
	return at < from ? at : Math.max(from, at - (to - from));
}

/** How long an Opus packet sounds, in milliseconds: RFC 6716 §3.1, configuration and frame count of its first bytes. */
export function opusMs(data: Uint8Array): number {
	const [toc = 0, count = 0] = data;
	const config = toc >> 3;
	const sizes = config < 12 ? [10, 20, 40, 60] : config < 16 ? [10, 20] : [2.5, 5, 10, 20];
	const frameMs = sizes[config % sizes.length] ?? 20;
	const code = toc & 3;
	return frameMs * (code === 0 ? 1 : code === 3 ? count & 0x3f : 2);
}

/**
 * The packets of one person without a passage, on the recording's clock; `startMs` = where the time 0 of her file lies.
 * Nothing that was heard or seen in it is left: a packet of sound that reaches into it goes too. Behind it the picture begins
 * with its next key frame; until then players show the last one before it.
 */
export async function* withoutPassage(
	packets: AsyncIterable<Packet>,
	{ startMs, passage }: { startMs: number; passage: Passage },
): AsyncGenerator<Packet> {
	const { from, to } = passage;
	let waiting = false;
	for await (const packet of packets) {
		const at = packet.timeMs + startMs;
		const isSound = packet.track === soundTrack;
		const endMs = isSound ? at + opusMs(packet.data) : at;
		if ((at < from && endMs > from) || (at >= from && at < to)) {
			waiting ||= !isSound;
			continue;
		}
		if (!isSound && at >= to && waiting) {
			if (!packet.key) continue;
			waiting = false;
		}
		yield { ...packet, timeMs: afterCut(at, passage) };
	}
}

/** What a manifest says of times, without the passage. Stretches that lay in it are gone. */
export function timesAfter(
	{ spans, missing, rosters, startedAt, endedAt }: Manifest,
	passage: Passage,
): Pick<Manifest, 'spans' | 'missing' | 'rosters' | 'endedAt'> {
	const moved = <S extends { from: number; to: number | null }>(list: readonly S[]): S[] =>
		list
			.map((one) => ({
				...one,
				from: afterCut(one.from, passage),
				to: one.to === null ? null : afterCut(one.to, passage),
			}))
			.filter(({ from, to }) => to === null || to > from);
	return {
		spans: moved(spans),
		missing: moved(missing),
		rosters: rosters.map((one) => ({ ...one, at: afterCut(one.at, passage) })),
		endedAt: endedAt === null ? null : startedAt + afterCut(endedAt - startedAt, passage),
	};
}
