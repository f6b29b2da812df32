import * as v from 'valibot';
import { type Head, Vantage } from '#crypto/log/head.ts';
import { CryptoError } from '#crypto/errors.ts';
import { LogCheckpoint, LogConsistency } from '#protocol/log.ts';
import { Bytes32, Count, Time } from '#protocol/text.ts';
import { api } from '../../chrome.ts';
import { RequestError, ask } from './server.ts';

const headKey = (practice: string): string => `head ${practice}`;
const Kept = v.strictObject({
	note: v.pipe(v.string(), v.maxLength(8192)),
	key: v.pipe(v.string(), v.maxLength(256)),
	size: Count,
	root: Bytes32,
	at: Time,
	unproved: v.optional(v.boolean()),
	doubt: v.optional(v.string()),
	passed: v.optional(v.array(v.string())),
});

/** What this browser's extension remembers of a practice's history, where no page of the practice reaches. */
const memoryOf = (practice: string) => ({
	async recall(): Promise<Head | undefined> {
		const { [headKey(practice)]: stored } = await api.storage.local.get(headKey(practice));
		const kept = v.safeParse(Kept, stored);
		return kept.success ? kept.output : undefined;
	},
	remember: (head: Head): Promise<void> => api.storage.local.set({ [headKey(practice)]: head }),
});

/**
 * Holds the practice's history against the head that the extension remembers: a second place to look from, for code
 * that comes out of no server. True when it was changed, or is not proved to go on for the second time; undefined when
 * it could not be asked.
 */
export async function historyChanged(options: {
	practice: string;
	origin: string;
	token: () => Promise<string>;
}): Promise<boolean | undefined> {
	const { practice, origin, token } = options;
	const source = {
		checkpoint: async () =>
			ask(LogCheckpoint, { origin, path: '/api/log/checkpoint', token: await token() }),
		async consistency({ from, to }: { from: number; to: number }) {
			const path = `/api/log/consistency?from=${from}&to=${to}`;
			try {
				return (await ask(LogConsistency, { origin, path, token: await token() })).path;
			} catch (error) {
				if (error instanceof RequestError && error.code === 'not-found') return undefined;
				throw error;
			}
		},
	};
	try {
		const vantage = new Vantage({ source, memory: memoryOf(practice), now: Date.now });
		return (await vantage.look()).findings.length > 0;
	} catch (error) {
		if (error instanceof RequestError || error instanceof CryptoError) return undefined;
		throw error;
	}
}
