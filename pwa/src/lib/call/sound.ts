/** A tone so quiet that it does not disturb who speaks, and so short that it is no melody. */
const volume = 0.05;
const seconds = 0.18;

let context: AudioContext | undefined;

/** Says that something came. Silent where the browser lends no sound. */
export function ring(hertz = 660): void {
	try {
		context ??= new AudioContext();
		const { currentTime: now, destination } = context;
		const [tone, gain] = [context.createOscillator(), context.createGain()];
		tone.frequency.value = hertz;
		gain.gain.setValueAtTime(0, now);
		gain.gain.linearRampToValueAtTime(volume, now + 0.02);
		gain.gain.linearRampToValueAtTime(0, now + seconds);
		tone.connect(gain).connect(destination);
		tone.start(now);
		tone.stop(now + seconds);
	} catch (error) {
		// A message is read without it too.
		if (!(error instanceof DOMException)) throw error;
	}
}
