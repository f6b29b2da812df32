import { m } from '#lib/paraglide/messages.js';
import { formatTime } from '#lib/ui/dates.ts';
import { isBusy } from '#lib/net/busy.ts';
import { nameHere } from '#lib/net/home.ts';
import type { TellsAnswer } from '#protocol/arrivals.ts';
import type { Arrival } from '#protocol/presence.ts';
import type { Here } from './presence.ts';

const chimeName = nameHere('sotto.chime');
const notifyName = nameHere('sotto.notify');
const namesName = nameHere('sotto.notify-names');
const tag = 'sotto-waiting';
const volume = 0.12;
/** Two notes that rise: seconds from the start, hertz. */
const notes = [
	[0, 523.25],
	[0.18, 659.25],
] as const;
const noteSeconds = 0.5;
const lateMs = 1_000;
/** Whoever was away for longer than this arrives again; a reload or a short gap is no news. */
const awayMs = 60_000;
/** What is not looked at leaves the first word to what is. */
const behindMs = 250;
/** So long a page keeps that it told of somebody, so that no other page does it again. */
const toldMs = 10_000;

/** Where there is no extension. */
const nobodyElse = async (): Promise<TellsAnswer> => ({ shows: false, sounds: false });

/** Somebody who waits, as far as she was announced. */
interface Told {
	/** Since when she is not here; `undefined` while she is. */
	awayAt: number | undefined;
}

/** Tells whoever is not looking that somebody came: sound, desktop notification, badge. */
export class Arrivals {
	/** Whether a sound is made. */
	chime = $state(localStorage.getItem(chimeName) !== 'no');
	/** Whether desktop notifications are shown while this page is open. */
	notify = $state(localStorage.getItem(notifyName) === 'yes');
	/** Whether these say who waits. */
	names = $state(localStorage.getItem(namesName) === 'yes');
	/** What the browser allows; `undefined` where it has no notifications. */
	permission = $state<NotificationPermission | undefined>(
		'Notification' in window ? Notification.permission : undefined,
	);
	#first = true;
	readonly #told = new Map<string, Told>();
	/** Those to whom "Not now" was said. */
	readonly #dismissed = new Set<string>();
	#here: readonly Here[] = [];
	#shown: Notification | undefined;
	#audio: AudioContext | undefined;

	/**
	 * Who waits now, all of them; whoever was not there before is announced once, in one page of this
	 * browser, or by its extension: `others` says what that does. `nameOf` is asked only when the notification
	 * shall have the name.
	 */
	async see(
		here: readonly Here[],
		nameOf: (one: Here) => Promise<string | undefined>,
		others: () => Promise<TellsAnswer> = nobodyElse,
	): Promise<void> {
		const fresh = this.#learn(here).filter((one) => !this.#dismissed.has(keyOf(one)));
		this.#here = here;
		void setBadge(here.length);
		if (here.length === 0) this.#close();
		const first = this.#first;
		this.#first = false;
		// Who already waited when the page was opened is on the screen.
		if (first || fresh.length === 0) return;
		// A call is not disturbed, neither by a sound nor by something over a shared screen.
		if (await isBusy()) return;
		if (!(await isFirstToTell(fresh))) return;
		const { shows, sounds } = await others();
		if (!this.#waits(fresh)) return;
		if (this.chime && !sounds) this.#ring();
		if (shows || !this.notify || this.permission !== 'granted' || document.hasFocus()) return;
		const [one] = fresh;
		const name = this.names && one && here.length === 1 ? await nameOf(one) : undefined;
		if (this.#waits(fresh)) this.#show(here, name);
	}

	/** "Not now" was said to them, on whatever device: nothing is shown about them any more. */
	dismiss(arrivals: readonly Arrival[]): void {
		for (const one of arrivals) this.#dismissed.add(keyOf(one));
		if (this.#here.every((one) => this.#dismissed.has(keyOf(one)))) this.#close();
	}

	/** Whether one of them is still here, and "Not now" was not said to her: meanwhile either may have changed. */
	#waits(fresh: readonly Here[]): boolean {
		const here = new Set(this.#here.map(keyOf));
		return fresh.map(keyOf).some((key) => here.has(key) && !this.#dismissed.has(key));
	}

	#learn(here: readonly Here[]): Here[] {
		const now = performance.now();
		const keys = new Set(here.map(keyOf));
		for (const [key, told] of this.#told) if (!keys.has(key)) told.awayAt ??= now;
		return here.filter((one) => {
			const told = this.#told.get(keyOf(one));
			this.#told.set(keyOf(one), { awayAt: undefined });
			return !told || (told.awayAt !== undefined && now - told.awayAt > awayMs);
		});
	}

	stop(): void {
		this.#close();
		this.#first = true;
		this.#told.clear();
		this.#dismissed.clear();
		this.#here = [];
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

	/** Adds the name to notifications, or leaves it out. */
	readonly toggleNames = (): void => {
		this.names = !this.names;
		localStorage.setItem(namesName, this.names ? 'yes' : 'no');
	};

	/** Without a choice names stay out of it: somebody else may be looking at this screen. */
	#show(here: readonly Here[], name: string | undefined): void {
		const [first] = here;
		if (!first) return;
		const since = formatTime(first.since);
		const several = here.length > 1;
		const alone = name === undefined ? m.day_somebody_waits() : m.waiting_status({ name });
		const title = several ? m.day_several_wait({ count: here.length }) : alone;
		const body = several ? m.day_first_since({ since }) : m.day_here_since({ since });
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

/** One visit to the waiting room: who leaves it and comes again has waited twice. */
const keyOf = ({ seat, since }: Pick<Here, 'seat' | 'since'>): string => `${seat} ${since}`;

/** Whether no other page of this browser tells of the same people. */
async function isFirstToTell(fresh: readonly Here[]): Promise<boolean> {
	if (!document.hasFocus()) await new Promise((resolve) => setTimeout(resolve, behindMs));
	const taken = await Promise.all(fresh.map((one) => take(`arrived ${keyOf(one)}`)));
	return taken.includes(true);
}

/** Holds a lock (Web Locks API) for some seconds; false when another page has it. */
function take(name: string): Promise<boolean> {
	return new Promise((resolve) => {
		void navigator.locks.request(name, { ifAvailable: true }, (lock) => {
			resolve(lock !== null);
			return lock && new Promise((done) => setTimeout(done, toldMs));
		});
	});
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
