import {
	AudioBufferSource,
	BufferTarget,
	CanvasSource,
	Output,
	WebMOutputFormat,
	Quality,
} from 'mediabunny';

const framesPerSecond = 10;
const sampleRate = 48_000;

/** A real WebM (VP8, Opus) of one colour and one tone, a key frame each second; gives an address for it. */
export async function webmOf(options: { seconds: number; color: string; hertz: number }) {
	const { seconds, color, hertz } = options;
	const canvas = new OffscreenCanvas(160, 120);
	const pen = canvas.getContext('2d');
	if (!pen) throw new Error('no canvas');
	const target = new BufferTarget();
	const output = new Output({ format: new WebMOutputFormat(), target });
	const video = new CanvasSource(canvas, {
		codec: 'vp8',
		quality: new Quality('low'),
		keyFrameInterval: 1,
	});
	const audio = new AudioBufferSource({ codec: 'opus', quality: new Quality('low') });
	output.addVideoTrack(video, { frameRate: framesPerSecond });
	output.addAudioTrack(audio);
	await output.start();
	const sound = new AudioBuffer({ length: seconds * sampleRate, sampleRate });
	const samples = sound.getChannelData(0);
	for (let at = 0; at < samples.length; at++)
		samples[at] = Math.sin((2 * Math.PI * hertz * at) / sampleRate) / 4;
	await audio.add(sound);
	for (let frame = 0; frame < seconds * framesPerSecond; frame++) {
		pen.fillStyle = color;
		pen.fillRect(0, 0, 160, 120);
		await video.add(frame / framesPerSecond, 1 / framesPerSecond);
	}
	await output.finalize();
	if (!target.buffer) throw new Error('nothing was written');
	return URL.createObjectURL(new Blob([target.buffer], { type: 'video/webm' }));
}
