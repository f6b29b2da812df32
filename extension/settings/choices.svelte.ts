import { api } from '../chrome.ts';
import { type Choices, defaultChoices } from '../shared/state.ts';
import { choicesKey, parseChoices } from '../shared/stored.ts';

/** The user's choices; each change is stored at once. */
export class ChoiceStore {
	value = $state.raw<Choices>(defaultChoices);
	/** They were read: what is shown is what holds. */
	read = $state(false);
	failure = $state.raw<unknown>();
	saved = $state(false);

	/** Begins to follow what another page of the extension changes; gives back what ends it. */
	follow(): () => void {
		const changed = (changes: Record<string, { newValue?: unknown }>) => {
			if (choicesKey in changes) this.value = parseChoices(changes[choicesKey]?.newValue);
		};
		api.storage.local.onChanged.addListener(changed);
		void this.#load();
		return () => api.storage.local.onChanged.removeListener(changed);
	}

	async change(part: Partial<Choices>): Promise<void> {
		this.value = { ...this.value, ...part };
		this.saved = false;
		try {
			await api.storage.local.set({ [choicesKey]: this.value });
			this.failure = undefined;
			this.saved = true;
		} catch (error) {
			this.failure = error;
		}
	}

	async #load(): Promise<void> {
		try {
			const stored = await api.storage.local.get(choicesKey);
			this.value = parseChoices(stored[choicesKey]);
			this.read = true;
		} catch (error) {
			this.failure = error;
		}
	}
}
