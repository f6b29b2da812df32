import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { ServerError } from '../errors.ts';
import { Tries } from '../tries.ts';

const windowMs = 15 * 60_000;
/** Tries of one address: three codes until each is burnt. */
const perAddress = 9;
/** Misses of the whole practice until somebody is held to be looking for codes. */
const missesOfPractice = 40;
/** While somebody looks for codes, this is how often one code may be tried, so that many addresses burn none. */
const calmMs = 5 * 60_000;

/**
 * The network that an address stands for: of IPv6 the first 64 bits, because everybody at home has that many of her own.
 */
export function networkOf(address: string): string {
	if (!isIPv6(address) || address.startsWith('::ffff:')) return address.replace('::ffff:', '');
	const [head = '', tail] = address.split('::');
	const groups = head.split(':').filter(Boolean);
	const after = (tail ?? '').split(':').filter(Boolean);
	const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
	return [...groups, ...zeros, ...after].slice(0, 4).join(':');
}

/** Refuses tries of codes before a host's client is asked. */
export class CodeLimits {
	readonly #clock: Clock;
	readonly #tries: Tries;
	#misses = 0;
	#missesUntil = 0;

	constructor(clock: Clock) {
		this.#clock = clock;
		// Its own: who floods this one shall not make it forget the tries of passwords.
		this.#tries = new Tries(clock);
	}

	/** Whether somebody looks for codes that she was not given. */
	get flooded(): boolean {
		return this.#clock.monotonic() < this.#missesUntil && this.#misses >= missesOfPractice;
	}

	/** Counts a try. Throws `too-many-tries` with the seconds to wait. */
	count({ address, nameplate, hit }: { address: string; nameplate: string; hit: boolean }): void {
		this.#tries.count(`address ${networkOf(address)}`, { max: perAddress, windowMs });
		if (!hit) return this.#miss();
		if (this.flooded) this.#tries.count(`code ${nameplate}`, { max: 1, windowMs: calmMs });
	}

	#miss(): void {
		const now = this.#clock.monotonic();
		if (now >= this.#missesUntil) {
			this.#misses = 0;
			this.#missesUntil = now + windowMs;
		}
		this.#misses += 1;
		// Says the same as a code that waits: a miss shall not look different from a hit.
		if (this.flooded) throw new ServerError('too-many-tries', { next: calmMs / 1000 });
	}

	/** Forgets the tries of an address that had a code. */
	forgive(address: string): void {
		this.#tries.forgive(`address ${networkOf(address)}`);
	}
}
