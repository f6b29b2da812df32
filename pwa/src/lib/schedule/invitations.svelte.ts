import { SvelteMap } from 'svelte/reactivity';
import { settings } from '#lib/people/settings.svelte.ts';
import { sendInvitations } from '#lib/post/contacts.ts';
import type { Place } from '#lib/sessions/session.ts';

/** Tells the server whom to write to, and remembers what could not be told. */
class Invitations {
	/** Why, by session. */
	readonly failed = new SvelteMap<string, unknown>();

	/** After a session was made or its people changed. The session is kept whatever happens here. */
	async send(session: { readonly id: string; readonly places: readonly Place[] }): Promise<void> {
		try {
			if (!settings.loaded) await settings.load();
			await sendInvitations(session, settings.reminders, settings.languages[0]);
			this.failed.delete(session.id);
		} catch (error) {
			this.failed.set(session.id, error);
		}
	}

	/** For a new one: where nobody can be written to, the server is told nothing. */
	async sendNew(session: {
		readonly id: string;
		readonly places: readonly Place[];
	}): Promise<void> {
		if (session.places.some(({ email, mobile }) => email || mobile)) await this.send(session);
	}
}

export const invitations = new Invitations();
