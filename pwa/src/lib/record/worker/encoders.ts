import type { TabFrame } from '../tab.ts';

/** Rules of the stream: sound that does not show who speaks, pictures that can be joined into. */
const sound = { codec: 'opus', bitrate: 64_000, bitrateMode: 'constant' } as const;
const frameUs = 20_000;
const keyEveryMs = 8000;
/** Pictures that wait for the encoder; more are thrown away. */
const queueMax = 4;
const bitsPerPixel = 1.6;

interface Sink {
	frame(frame: TabFrame): void;
	/** A picture can only be used when it is a key frame. */
	readonly needsKey: boolean;
	/** The size of the pictures changed. */
	resized(): void;
	failed(): void;
}

const bytesOf = (chunk: EncodedVideoChunk | EncodedAudioChunk): Uint8Array => {
	const data = new Uint8Array(chunk.byteLength);
	chunk.copyTo(data);
	return data;
};

/** Encodes the pictures of a stream until it ends. */
export async function encodePictures(
	stream: ReadableStream<VideoFrame>,
	sink: Sink,
): Promise<void> {
	let [width, height] = [0, 0];
	let keyMs = -Infinity;
	const encoder = new VideoEncoder({
		output: (chunk) => {
			const { timestamp, type } = chunk;
			const key = type === 'key';
			const size = { width, height };
			sink.frame({ kind: 'video', codec: 'vp8', timestamp, key, ...size, data: bytesOf(chunk) });
		},
		error: () => sink.failed(),
	});
	for await (const frame of stream) {
		// VP8 wants even sizes.
		const size = [frame.displayWidth & ~1, frame.displayHeight & ~1] as const;
		if (size[0] !== width || size[1] !== height) {
			// What is in the encoder has the old size.
			if (width > 0) await encoder.flush();
			if (width > 0) sink.resized();
			[width, height] = size;
			const bitrate = Math.round(width * height * bitsPerPixel);
			encoder.configure({ codec: 'vp8', width, height, bitrate, latencyMode: 'realtime' });
			keyMs = -Infinity;
		}
		if (encoder.encodeQueueSize < queueMax) {
			const keyFrame = sink.needsKey || performance.now() - keyMs >= keyEveryMs;
			if (keyFrame) keyMs = performance.now();
			encoder.encode(frame, { keyFrame });
		}
		frame.close();
	}
	if (encoder.state === 'configured') await encoder.flush();
	encoder.close();
}

/** Encodes the sound of a stream until it ends. */
export async function encodeSound(stream: ReadableStream<AudioData>, sink: Sink): Promise<void> {
	const encoder = new AudioEncoder({
		output: (chunk) => {
			const { timestamp } = chunk;
			const rest = { key: true, width: 0, height: 0, data: bytesOf(chunk) };
			sink.frame({ kind: 'audio', codec: 'opus', timestamp, ...rest });
		},
		error: () => sink.failed(),
	});
	for await (const data of stream) {
		if (encoder.state === 'unconfigured') {
			const { sampleRate, numberOfChannels } = data;
			const opus = { frameDuration: frameUs, usedtx: false };
			encoder.configure({ ...sound, sampleRate, numberOfChannels, opus });
		}
		encoder.encode(data);
		data.close();
	}
	if (encoder.state === 'configured') await encoder.flush();
	encoder.close();
}
