import * as v from 'valibot';
import { api } from '../chrome.ts';
import { Chime } from '../shared/chime.ts';

/** Two notes that rise: seconds from the start, hertz. The dashboard sounds the same. */
const notes = [
	[0, 523.25],
	[0.18, 659.25],
] as const;
const noteSeconds = 0.5;
const volumes = { soft: 0.12, loud: 0.4 } as const;

let audio: AudioContext | undefined;

function note(context: AudioContext, options: { at: number; hertz: number; volume: number }): void {
	const { at, hertz, volume } = options;
	const [tone, gain] = [context.createOscillator(), context.createGain()];
	tone.frequency.value = hertz;
	gain.gain.setValueAtTime(0, at);
	gain.gain.linearRampToValueAtTime(volume, at + 0.02);
	gain.gain.exponentialRampToValueAtTime(0.001, at + noteSeconds);
	tone.connect(gain).connect(context.destination);
	tone.start(at);
	tone.stop(at + noteSeconds);
}

/** Says whether it can be heard. */
async function play({ loud }: Chime): Promise<boolean> {
	audio ??= new AudioContext();
	await audio.resume();
	const { currentTime: now } = audio;
	const volume = loud ? volumes.loud : volumes.soft;
	const times = loud ? [0, 0.9, 1.8] : [0];
	for (const time of times)
		for (const [after, hertz] of notes) note(audio, { at: now + time + after, hertz, volume });
	return audio.state === 'running';
}

/** Plays what the service worker asks for, and answers whether it could be heard. */
export function answerChime(): void {
	api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
		if (sender.id !== api.runtime.id || !v.is(Chime, message)) return false;
		void play(message).then(respond, () => respond(false));
		return true;
	});
}
