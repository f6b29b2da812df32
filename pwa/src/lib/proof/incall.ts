import type { Vantage } from '#crypto/log/head.ts';
import { isApiError } from '#lib/net/errors.ts';

/** Heads of the history that people in a call show each other; neither method ever throws. */
export interface Heads {
	/** The head to show; undefined where the server does not answer. */
	mine(): Promise<string | undefined>;
	/** Whether the head that somebody else was shown does not go together with one's own. */
	forked(note: string): Promise<boolean>;
}

/** What a vantage point shows and hears in a call. A server that is away is asked again with the next person. */
export function headsOf(vantage: Pick<Vantage, 'look' | 'hear'>): Heads {
	return {
		mine: async () => (await quietly(vantage.look()))?.head?.note,
		forked: async (note) => (await quietly(vantage.hear(note))) !== undefined,
	};
}

/** The server's refusal is no finding. */
async function quietly<T>(asked: Promise<T>): Promise<T | undefined> {
	try {
		return await asked;
	} catch (error) {
		if (isApiError(error)) return undefined;
		throw error;
	}
}
