import { fetchJson } from '#lib/net/api.ts';
import { Outbox as OutboxAnswer } from '#protocol/post.ts';

/** What would have been sent. */
export class Outbox {
	content = $state.raw<OutboxAnswer>();
	failure = $state.raw<unknown>();
	loading = $state(false);

	/** Reads it again; what was read before stays when that fails. */
	async load(): Promise<void> {
		this.loading = true;
		try {
			this.content = await fetchJson(OutboxAnswer, { path: '/api/outbox' });
			this.failure = undefined;
		} catch (error) {
			this.failure = error;
		}
		this.loading = false;
	}
}
