import { account } from '#lib/account/account.svelte.ts';
import { nameHere } from '#lib/net/home.ts';
import { type Left, regive } from './regive.ts';

/** How far what the old keys open has been given to the new ones, in this browser. */
class Renewal {
	/** From 0 to 1; undefined while nothing is given. */
	progress = $state<number>();
	/** What only the old keys open still; undefined before it is known. */
	left = $state.raw<Left>();
	failure = $state.raw<unknown>();

	/** Goes on where it was; does nothing while another tab does it. Never throws: see `failure`. */
	async run(): Promise<void> {
		if (this.progress !== undefined || account.former.length === 0) return;
		this.failure = undefined;
		this.progress = 0;
		try {
			await navigator.locks.request(nameHere('renewal'), { ifAvailable: true }, async (lock) => {
				if (!lock) return;
				this.left = await regive((done, of) => (this.progress = of === 0 ? 1 : done / of));
			});
		} catch (error) {
			// Locked or signed out meanwhile: it goes on next time.
			if (account.state === 'unlocked') this.failure = error;
		}
		this.progress = undefined;
	}
}

export const renewal = new Renewal();
