const barsMax = 12;
const periodMs = 100;

/** How loud a microphone is, in bars from 0 to 12. */
export class Level {
	bars = $state(0);

	/** Watches a track until the answer is called. */
	watch(track: MediaStreamTrack | null): () => void {
		this.bars = 0;
		if (!track) return () => {};
		const context = new AudioContext();
		const analyser = context.createAnalyser();
		analyser.fftSize = 1024;
		context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
		const samples = new Float32Array(analyser.fftSize);
		const timer = setInterval(() => {
			analyser.getFloatTimeDomainData(samples);
			const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
			// -60 dB and below is silence, 0 dB all bars.
			const decibels = 10 * Math.log10(power + 1e-9);
			this.bars = Math.max(0, Math.min(barsMax, Math.round(((decibels + 60) / 60) * barsMax)));
		}, periodMs);
		return () => {
			clearInterval(timer);
			void context.close();
		};
	}
}
