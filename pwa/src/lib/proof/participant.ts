import { Vantage } from '#crypto/log/head.ts';
import { forget, keep, kept } from '#lib/call/shelf.ts';
import { KeptHead } from './head.ts';
import { type Heads, headsOf } from './incall.ts';
import { source } from './source.ts';

const nameOf = (host: string): string => `log ${host}`;

/** A participant's vantage point: this browser remembers the head by its host, as it does her keys. */
export function participantHeads(host: string): Heads {
	const memory = {
		recall: () => kept(nameOf(host), KeptHead),
		remember: (head: unknown) => keep(nameOf(host), head),
	};
	return headsOf(new Vantage({ source, memory, now: Date.now }));
}

/** Forgets what a participant's browser remembers of the history of a host's practice. */
export const forgetHead = (host: string): Promise<void> => forget(nameOf(host));
