import * as v from 'valibot';
import { api } from '../chrome.ts';
import type { Ask } from './messages.ts';

/** The service worker could not do what it was asked. `code` has its words in #lib/ui/words.ts. */
export class AskError extends Error {
	override readonly name = 'AskError';
	readonly code: string;

	constructor(code: string) {
		super(code);
		this.code = code;
	}
}

const Refusal = v.object({ error: v.string() });

/** Asks the service worker, and waits until it is done. Throws AskError when it answers `{ error }`. */
export async function ask(message: Ask): Promise<unknown> {
	const answer: unknown = await api.runtime.sendMessage(message);
	if (v.is(Refusal, answer)) throw new AskError(answer.error);
	return answer;
}
