import { account } from '#lib/account/account.svelte.ts';
import { nameHere } from '#lib/net/home.ts';
import { type Left, dropFormer, regive } from './regive.ts';

/** How far what the old keys open has been given to the new ones, in this browser. */
class Renewal {
	/** From 0 to 1; undefined while nothing is given. */
	progress = $state<number>();
	/** What only the old keys open still; undefined before it is known. */
	left = $state.raw<Left>();
	/** So much did not open when she had the old keys dropped. */
	gaveUp = $state(0);
	failure = $state.raw<unknown>();

	/** Goes on where it was; does nothing while another tab does it. Never throws: see `failure`. */
	run(): Promise<void> {
		return this.#work(async () => {
			this.left = await regive((done, of) => (this.progress = of === 0 ? 1 : done / of));
		});
	}

	/** Drops the old keys although something did not open: she says that she gives it up. Never throws: see `failure`. */
	giveUp(): Promise<void> {
		return this.#work(async () => {
			await dropFormer();
			this.gaveUp = this.left?.unreadable ?? 0;
		});
	}

	async #work(work: () => Promise<void>): Promise<void> {
		if (this.progress !== undefined || account.former.length === 0) return;
		this.failure = undefined;
		this.progress = 0;
		try {
			await navigator.locks.request(nameHere('renewal'), { ifAvailable: true }, async (lock) => {
				if (lock) await work();
			});
		} catch (error) {
			// Locked or signed out meanwhile: it goes on next time.
			if (account.state === 'unlocked') this.failure = error;
		}
		this.progress = undefined;
	}
}

export const renewal = new Renewal();
