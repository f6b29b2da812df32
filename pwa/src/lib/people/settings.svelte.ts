import { fetchJson, request } from '#lib/net/api.ts';
import { PracticeSettings, defaultSettings } from '#protocol/people.ts';

const initial: PracticeSettings = { ...defaultSettings, name: '', idleMs: 15 * 60_000 };

/** How this practice works: the defaults until it is loaded, which happens once somebody is signed in. */
class Settings {
	#value = $state.raw<PracticeSettings>(initial);
	/** Whether these are the practice's own. */
	loaded = $state(false);
	#loading: Promise<void> | undefined;

	/** All of them, as they are sent. */
	get value(): PracticeSettings {
		return this.#value;
	}

	get name(): string {
		return this.#value.name;
	}

	/** Whether sessions can be recorded at all. */
	get recording(): boolean {
		return this.#value.recording;
	}

	/** Every session is recorded and nobody is asked whether. */
	get recordAll(): boolean {
		return this.#value.recording && this.#value.recordAll;
	}

	get supervisorsOpen(): boolean {
		return this.#value.supervisorsOpen;
	}

	get share(): PracticeSettings['share'] {
		return this.#value.share;
	}

	/** Minutes before the start at which participants are reminded. */
	get reminders(): readonly number[] {
		return this.#value.reminders;
	}

	/** What a participant shall do in an emergency; may be empty. */
	get emergency(): string {
		return this.#value.emergency;
	}

	get languages(): readonly string[] {
		return this.#value.languages;
	}

	/** IANA name; empty = the viewer's own. */
	get timeZone(): string {
		return this.#value.timeZone;
	}

	/** Reads them, once at a time. Throws `ApiError`. */
	load(): Promise<void> {
		this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
		return this.#loading;
	}

	/** Changes them for the whole practice; admins only. Throws `ApiError`. */
	async save(value: PracticeSettings): Promise<void> {
		await request({ method: 'PUT', path: '/api/practice/settings', body: value });
		this.#value = value;
		this.loaded = true;
	}

	/** Nobody is signed in any more. */
	forget(): void {
		this.#value = initial;
		this.loaded = false;
	}

	async #load(): Promise<void> {
		this.#value = await fetchJson(PracticeSettings, { path: '/api/practice/settings' });
		this.loaded = true;
	}
}

export const settings = new Settings();
