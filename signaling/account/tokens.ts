import type { Clock } from '../clock.ts';
import { Expiring } from '../expiring.ts';
import { limits } from '../protocol/limits.ts';
import type { Scope } from '../protocol/account.ts';
import { newSecret, tokenHash } from '../random.ts';

/** Tokens and challenges that may be out at once. */
const outMax = 20_000;
/** A nonce is good for one signature within this time. */
const challengeMs = 60_000;
/** For so long whoever just walked a way in may change one. */
const proofMs = 15 * 60_000;

export interface TokenHolder {
	member: string;
	device: string;
	scope: Scope;
	/** The page that asked for the token. */
	origin: string;
}

/** Tokens of staff devices: in memory only, hashed, bound to an origin. */
export class Tokens {
	readonly #held: Expiring<TokenHolder>;
	readonly #challenges: Expiring<string>;
	readonly #proofs: Expiring<true>;

	constructor(clock: Clock) {
		this.#held = new Expiring({ clock, lifeMs: limits.tokenMs, max: outMax });
		this.#challenges = new Expiring({ clock, lifeMs: challengeMs, max: outMax });
		this.#proofs = new Expiring({ clock, lifeMs: proofMs, max: outMax });
	}

	challenge(device: string): string {
		const nonce = newSecret();
		this.#challenges.set(nonce, device);
		return nonce;
	}

	/** Whether this nonce was given to this device; it is used up either way. */
	answers(nonce: string, device: string): boolean {
		return this.#challenges.take(nonce) === device;
	}

	issue(holder: TokenHolder): string {
		const token = newSecret();
		this.#held.set(tokenHash(token), holder);
		return token;
	}

	holder(token: string): TokenHolder | undefined {
		return this.#held.get(tokenHash(token));
	}

	/** A member walked a way in at this device. */
	prove(device: string): void {
		this.#proofs.set(device, true);
	}

	/** Whether she did lately, and no way in was changed since: see `spend`. */
	proved(device: string): boolean {
		return this.#proofs.get(device) ?? false;
	}

	/** Her proof was good for one change. */
	spend(device: string): void {
		this.#proofs.take(device);
	}

	revoke(device: string): void {
		this.#proofs.take(device);
		this.#held.deleteWhere((holder) => holder.device === device);
	}
}
