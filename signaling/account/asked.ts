import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import type { Asking, BrowserLetIn } from '../protocol/browsers.ts';
import { newId, newSecret, sameText } from '../random.ts';

/** A browser that asks to be let in has so long for all of it. */
export const askedMs = 5 * 60_000;
const askedMax = 1000;
const codeCharacters = 8;
/** Crockford's base32. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Who answers: a member, at one of her browsers. */
export interface Answerer {
	readonly member: string;
	readonly device: string;
}

/** How far it has come; each step is taken once and in this order, `refused` from any of them. */
type Step =
	| { readonly state: 'waiting' }
	| { readonly state: 'found' | 'refused' | 'entered'; readonly by: Answerer }
	| { readonly state: 'met'; readonly by: Answerer; readonly nonce: string }
	| { readonly state: 'shown'; readonly by: Answerer; readonly asking: Asking }
	| {
			readonly state: 'let-in';
			readonly by: Answerer;
			readonly asking: Asking;
			readonly letIn: BrowserLetIn;
	  };

export interface Asked {
	readonly id: string;
	readonly code: string;
	readonly secret: string;
	readonly commitment: string;
	readonly until: number;
	step: Step;
}

/** Browsers that ask to be let in by another one of the same member: in memory only, gone after five minutes. */
export class AskedBrowsers {
	readonly #clock: Clock;
	readonly #asked: Expiring<Asked>;
	readonly #codes: Expiring<string>;

	constructor(clock: Clock) {
		this.#clock = clock;
		this.#asked = new Expiring({ clock, lifeMs: askedMs, max: askedMax });
		this.#codes = new Expiring({ clock, lifeMs: askedMs, max: askedMax });
	}

	ask(commitment: string): Asked {
		const code = this.#freeCode();
		const id = newId();
		const until = this.#clock.monotonic() + askedMs;
		const step: Step = { state: 'waiting' };
		const asked = { id, code, secret: newSecret(), commitment, until, step };
		this.#asked.set(id, asked);
		this.#codes.set(code, id);
		return asked;
	}

	/** The request of the browser that knows its secret. Throws `gone` for every other. */
	asked(id: string, secret: string): Asked {
		const asked = this.#asked.get(id);
		if (!asked || !sameText(asked.secret, secret)) throw new ServerError('gone');
		return asked;
	}

	/** The request behind a code, which is good once. What this member answered before ends. Throws `not-found`. */
	find(code: string, by: Answerer): Asked {
		const id = this.#codes.take(code);
		const asked = id === undefined ? undefined : this.#asked.get(id);
		if (!asked) throw new ServerError('not-found');
		this.#asked.deleteWhere(({ step }) => step.state !== 'waiting' && step.by.member === by.member);
		asked.step = { state: 'found', by };
		return asked;
	}

	/** The request that this browser of a member answers. Throws `gone` for every other. */
	answered(id: string, { member, device }: Answerer): Asked {
		const asked = this.#asked.get(id);
		const step = asked?.step;
		if (!asked || !step || step.state === 'waiting') throw new ServerError('gone');
		if (step.by.member !== member || step.by.device !== device) throw new ServerError('gone');
		return asked;
	}

	forget({ id, code }: Asked): void {
		this.#asked.take(id);
		this.#codes.take(code);
	}

	remainingMs({ until }: Asked): number {
		return Math.max(0, Math.round(until - this.#clock.monotonic()));
	}

	#freeCode(): string {
		for (;;) {
			const picked = Array.from({ length: codeCharacters }, () =>
				alphabet.charAt(randomInt(alphabet.length)),
			);
			const code = picked.join('');
			if (this.#codes.get(code) === undefined) return code;
		}
	}
}
