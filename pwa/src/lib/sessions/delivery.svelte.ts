import { isApiError } from '#lib/net/errors.ts';
import { fetchPost, remind } from '#lib/post/contacts.ts';
import type { PostMessage } from '#protocol/post.ts';

/** What became of the messages to one person. */
export interface PlacePost {
	/** The newest that went out, or waits where nothing is set up to send it. */
	readonly last: PostMessage | undefined;
	/** The newest by each way, where it could not be sent, or is tried again. */
	readonly failed: readonly PostMessage[];
}

/** The messages to each person, by place. */
export function sortPost(messages: readonly PostMessage[]): Map<string, PlacePost> {
	const byPlace = new Map<string, PostMessage[]>();
	for (const message of messages.toSorted((a, b) => b.at - a.at))
		byPlace.set(message.place, [...(byPlace.get(message.place) ?? []), message]);
	return new Map([...byPlace].map(([place, list]) => [place, postOf(list)]));
}

function postOf(newestFirst: readonly PostMessage[]): PlacePost {
	// What is still to come, and what was of no use any more, says nothing of what happened.
	const settled = newestFirst.filter(({ state }) => state !== 'waiting' && state !== 'dropped');
	const retried = newestFirst.filter(({ state, error }) => state === 'waiting' && error !== null);
	const newest = new Map([...settled.toReversed(), ...retried].map((one) => [one.way, one]));
	return {
		last: settled.find(({ state }) => state !== 'failed'),
		failed: [...newest.values()].filter(({ state }) => state === 'failed' || state === 'waiting'),
	};
}

/** What was sent to whom, and reminding. */
export class Delivery {
	byPlace = $state.raw<ReadonlyMap<string, PlacePost>>(new Map());
	/** Whether it was ever read: until then nobody is known not to have been written to. */
	loaded = $state(false);
	/** Why it is not known what failed. */
	failure = $state.raw<unknown>();
	/** People who are being reminded, and what came of it. */
	reminders = $state.raw<ReadonlyMap<string, 'sending' | 'sent' | Error>>(new Map());
	/** Messages that were given up, of sessions on any day. */
	readonly failures = $derived(
		[...this.byPlace.values()].flatMap(({ failed }) =>
			failed.filter(({ state }) => state === 'failed'),
		),
	);

	readonly #session: string | undefined;

	/** Of one session, or without it of all that are not long past. */
	constructor(session?: string) {
		this.#session = session;
	}

	readonly load = async (): Promise<void> => {
		try {
			this.byPlace = sortPost(await fetchPost(this.#session));
			this.loaded = true;
			this.failure = undefined;
		} catch (error) {
			// Without a connection the page says so already.
			this.failure = isApiError(error, 'offline') ? undefined : error;
		}
	};

	async remind(session: string, place: string): Promise<void> {
		this.#note(place, 'sending');
		try {
			await remind(session, place);
			this.#note(place, 'sent');
			await this.load();
		} catch (error) {
			this.#note(place, error instanceof Error ? error : new Error('unexpected', { cause: error }));
		}
	}

	#note(place: string, what: 'sending' | 'sent' | Error): void {
		this.reminders = new Map(this.reminders).set(place, what);
	}
}
