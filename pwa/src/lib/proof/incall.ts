import type { HeadFinding, Vantage } from '#crypto/log/head.ts';
import { isApiError } from '#lib/net/errors.ts';

/** Heads of the history that people in a call show each other; neither method ever throws. */
export interface Heads {
	/** The head to show; undefined where the server does not answer. */
	mine(): Promise<string | undefined>;
	/** What is wrong with a head that somebody else was shown, held against one's own; nothing where it could not be asked. */
	compare(note: string): Promise<HeadFinding | undefined>;
}

/** What a vantage point shows and hears in a call. A server that is away is asked again with the next person. */
export function headsOf(vantage: Pick<Vantage, 'look' | 'hear'>): Heads {
	return {
		mine: async () => (await quietly(vantage.look()))?.head?.note,
		compare: (note) => quietly(vantage.hear(note)),
	};
}

/** The server's refusal is no finding; the vantage point counts those of a proof. */
async function quietly<T>(asked: Promise<T>): Promise<T | undefined> {
	try {
		return await asked;
	} catch (error) {
		if (isApiError(error)) return undefined;
		throw error;
	}
}
