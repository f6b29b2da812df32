import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { socketAddress } from '#lib/net/origin.ts';
import { Socket } from '#lib/net/socket.ts';
import type { People } from '#protocol/people.ts';
import { confirmWaiting, fetchPeople } from './members.ts';
import { settings } from './settings.svelte.ts';

/** The practice's people as this page knows them. */
class PeopleHere {
	value = $state.raw<People>();
	/** Invitations whose registration is not what its link would have made, and members whose new keys they did not sign. */
	bad = $state.raw<readonly string[]>([]);
	failure = $state.raw<unknown>();
	#running: Promise<void> | undefined;
	#again = false;

	/** Reads them again; an admin's page confirms who waits. Never throws: see `failure`. */
	load(): Promise<void> {
		if (this.#running) this.#again = true;
		this.#running ??= this.#run().finally(() => (this.#running = undefined));
		return this.#running;
	}

	nameOf(id: string): string | undefined {
		return this.value?.members.find((member) => member.id === id)?.name;
	}

	async #run(): Promise<void> {
		do {
			this.#again = false;
			try {
				await this.#read();
				this.failure = undefined;
			} catch (error) {
				this.failure = error;
			}
		} while (this.#again && account.state === 'unlocked');
	}

	async #read(): Promise<void> {
		await account.refresh();
		await settings.load();
		if (account.state !== 'unlocked') return;
		const { role } = account.member;
		if (role === 'participant-only' || role === 'station') return;
		const people = await fetchPeople();
		this.value = people;
		const waits =
			people.rotations.length > 0 || people.invitations.some(({ registration }) => registration);
		if (role !== 'admin' || !waits) return;
		try {
			this.bad = await confirmWaiting(people);
		} catch (error) {
			// Another admin's page was first; it is read again.
			if (!isApiError(error, 'conflict')) throw error;
		}
		this.value = await fetchPeople();
	}
}

export const people = new PeopleHere();

/** Keeps the members, one's own rights and the settings as they are now, until it is stopped. */
export function watchPeople(): () => void {
	const socket = new Socket({ address: socketAddress(), token: (fresh) => account.token(fresh) });
	socket.onready = (ready) => ready && void people.load();
	socket.listen((message) => {
		if (message.type === 'changed' && message.what === 'members') void people.load();
	});
	return () => socket.close();
}
