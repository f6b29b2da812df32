import { m } from '#lib/paraglide/messages.js';
import { formatTime } from '#lib/ui/dates.ts';
import type { Waiting } from './presence.ts';

const chimeName = 'sotto.chime';
const notifyName = 'sotto.notify';
const tag = 'sotto-waiting';
const volume = 0.12;
/** Two notes that rise: seconds from the start, hertz. */
const notes = [
	[0, 523.25],
	[0.18, 659.25],
] as const;
const noteSeconds = 0.5;
const lateMs = 1_000;

/** Tells whoever is not looking that somebody came: sound, desktop notification, badge. */
export class Arrivals {
	/** Whether a sound is made. */
	chime = $state(localStorage.getItem(chimeName) !== 'no');
	/** Whether desktop notifications are shown while this page is open. */
	notify = $state(localStorage.getItem(notifyName) === 'yes');
	/** What the browser allows; `undefined` where it has no notifications. */
	permission = $state<NotificationPermission | undefined>(
		'Notification' in window ? Notification.permission : undefined,
	);
	#known: ReadonlySet<string> | undefined;
	#shown: Notification | undefined;
	#audio: AudioContext | undefined;

	/** Who waits now; whoever was not there before is announced. */
	see(waiting: readonly Waiting[]): void {
		const known = this.#known;
		this.#known = new Set(waiting.map(({ seat }) => seat));
		void setBadge(waiting.length);
		if (waiting.length === 0) this.#close();
		// Who already waited when the page was opened is on the screen.
		if (!known || !waiting.some(({ seat }) => !known.has(seat))) return;
		if (this.chime) this.#ring();
		if (this.notify && this.permission === 'granted' && !document.hasFocus()) this.#show(waiting);
	}

	stop(): void {
		this.#close();
		void setBadge(0);
		void this.#audio?.close();
		this.#audio = undefined;
	}

	/** Turns the sound on or off, and lets it be heard when it is turned on. */
	readonly toggleChime = (): void => {
		this.chime = !this.chime;
		localStorage.setItem(chimeName, this.chime ? 'yes' : 'no');
		if (this.chime) this.#ring();
	};

	/** Turns desktop notifications on or off; asks the browser's user the first time. Call it from a click. */
	readonly toggleNotify = async (): Promise<void> => {
		const wanted = !(this.notify && this.permission === 'granted');
		if (wanted) this.permission = await Notification.requestPermission();
		this.notify = wanted && this.permission === 'granted';
		localStorage.setItem(notifyName, this.notify ? 'yes' : 'no');
	};

	/** Names stay out of it: somebody else may be looking at this screen. */
	#show(waiting: readonly Waiting[]): void {
		const [first] = waiting.toSorted((a, b) => a.since - b.since);
		if (!first) return;
		const since = formatTime(first.since);
		const several = waiting.length > 1;
		const title = several ? m.day_several_wait({ count: waiting.length }) : m.day_somebody_waits();
		const start = formatTime(first.session.startsAt);
		const body = several ? m.day_first_since({ since }) : m.day_waits_text({ start, since });
		try {
			this.#shown = new Notification(title, { body, tag, icon: '/icon-192.png' });
			this.#shown.addEventListener('click', () => window.focus());
		} catch (error) {
			// Android lends notifications to service workers alone.
			if (!(error instanceof TypeError)) throw error;
		}
	}

	#close(): void {
		this.#shown?.close();
		this.#shown = undefined;
	}

	#ring(): void {
		this.#audio ??= new AudioContext();
		const audio = this.#audio;
		const asked = performance.now();
		// Before the first click on a page the browser lends no sound; after it this would come late.
		void audio.resume().then(() => performance.now() - asked < lateMs && play(audio));
	}
}

function play(audio: AudioContext): void {
	const { currentTime: now, destination } = audio;
	for (const [after, hertz] of notes) {
		const [tone, gain] = [audio.createOscillator(), audio.createGain()];
		tone.frequency.value = hertz;
		gain.gain.setValueAtTime(0, now + after);
		gain.gain.linearRampToValueAtTime(volume, now + after + 0.02);
		gain.gain.exponentialRampToValueAtTime(0.001, now + after + noteSeconds);
		tone.connect(gain).connect(destination);
		tone.start(now + after);
		tone.stop(now + after + noteSeconds);
	}
}

/** The number on the icon of an installed Sotto. */
async function setBadge(count: number): Promise<void> {
	try {
		if (count > 0) await navigator.setAppBadge?.(count);
		else await navigator.clearAppBadge?.();
	} catch (error) {
		// Only an installed page has an icon.
		if (!(error instanceof DOMException)) throw error;
	}
}
