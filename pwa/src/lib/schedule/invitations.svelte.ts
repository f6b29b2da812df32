import { SvelteMap } from 'svelte/reactivity';
import { settings } from '#lib/people/settings.svelte.ts';
import { type Invited, sendInvitations } from '#lib/post/contacts.ts';

/** Tells the server whom to write to, and remembers what could not be told. */
class Invitations {
	/** Why, by session. */
	readonly failed = new SvelteMap<string, unknown>();

	/** After its people changed. The session is kept whatever happens here. */
	async send(session: Invited): Promise<void> {
		await this.#send([session]);
	}

	/** For new ones, a series in one: where nobody can be written to, the server is told nothing. */
	async sendNew(sessions: readonly Invited[]): Promise<void> {
		const reached = sessions.filter(({ places }) =>
			places.some(({ email, mobile }) => email || mobile),
		);
		if (reached.length > 0) await this.#send(reached);
	}

	async #send(sessions: readonly Invited[]): Promise<void> {
		try {
			if (!settings.loaded) await settings.load();
			await sendInvitations(sessions, { language: settings.languages[0] });
			for (const { id } of sessions) this.failed.delete(id);
		} catch (error) {
			for (const { id } of sessions) this.failed.set(id, error);
		}
	}
}

export const invitations = new Invitations();
