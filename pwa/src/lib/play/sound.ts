import type { Input } from 'mediabunny';
import { type Levels, Meter } from './levels.ts';
import { openMedia } from './media.ts';
import { MediaReadError } from './mediaerror.ts';

/** Steps of everybody together at most: 100 ms each for five hours of one person, longer ones beyond. */
const stepsMax = 180_000;
const shortestStepMs = 100;

/** The length of a step for a recording of this length with so many people. */
export function stepMsOf(durationMs: number, people: number): number {
	return Math.max(shortestStepMs, Math.ceil((durationMs * people) / stepsMax));
}

/**
 * How loud one person is, from the sound of their opened media. `onShare` hears how much is done, from 0 to 1. Media
 * without sound are silent. Throws `MediaReadError`, and the signal's reason.
 */
export async function readLevels(
	media: { src: string; durationMs: number; stepMs: number },
	options: { signal: AbortSignal; onShare: (share: number) => void },
): Promise<Levels> {
	const { src, durationMs, stepMs } = media;
	const { signal, onShare } = options;
	const meter = new Meter({ stepMs, durationMs });
	const { AudioSampleSink } = await import('mediabunny');
	let input: Input | undefined;
	try {
		input = await openMedia(src, { signal });
		const track = await input.getPrimaryAudioTrack();
		if (!track) return meter.levels();
		if (!(await track.canDecode())) throw new MediaReadError();
		let samples = new Float32Array(0);
		for await (const sample of new AudioSampleSink(track).samples()) {
			try {
				signal.throwIfAborted();
				if (samples.length !== sample.numberOfFrames)
					samples = new Float32Array(sample.numberOfFrames);
				const atMs = sample.timestamp * 1000;
				sample.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
				meter.push(samples, { atMs, sampleRate: sample.sampleRate });
				onShare(Math.min(1, Math.max(0, atMs / durationMs)));
			} finally {
				// It lies outside of what the browser counts as our memory: nobody else frees it.
				sample.close();
			}
		}
	} catch (cause) {
		signal.throwIfAborted();
		throw cause instanceof MediaReadError ? cause : new MediaReadError({ cause });
	} finally {
		input?.dispose();
	}
	return meter.levels();
}
