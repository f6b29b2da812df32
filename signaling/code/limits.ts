import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { Tries } from '../tries.ts';

/** Everything below is counted in windows of this length, and a flood is over so long after its last window was full. */
export const calmMs = 15 * 60_000;
/** Tries of one network, at short codes and at long ones each. */
export const perNetwork = 9;
/** And of all networks of one site. */
export const perSite = 3 * perNetwork;
/** Tries of one site that the host of one code is asked for: nobody burns a code from one place. */
export const perSiteAndCode = 2;
/** Tries of the whole practice that led to no code, until somebody is held to be looking for codes. */
export const missesOfPractice = 20;
/** Tries of the whole practice that were answered and not right, likewise; where more codes live, as many as these. */
export const wrongOfPractice = 12;

/** Where a try comes from. */
export interface Origin {
	/** Who is at home in one place: an IPv4 address, the first 64 bits of an IPv6 address. */
	readonly network: string;
	/** Who has many such networks: the first 48 bits of an IPv6 address. */
	readonly site: string;
}

export function originOf(address: string): Origin {
	if (!isIPv6(address) || address.startsWith('::ffff:')) {
		const network = address.replace('::ffff:', '');
		return { network, site: network };
	}
	const [head = '', tail] = address.split('::');
	const groups = head.split(':').filter(Boolean);
	const after = (tail ?? '').split(':').filter(Boolean);
	const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
	const all = [...groups, ...zeros, ...after];
	return { network: all.slice(0, 4).join(':'), site: `${all.slice(0, 3).join(':')}/48` };
}

/** Long codes have six digits that route: their names cannot be gone through, so a flood of short ones leaves them alone. */
export const isLong = (nameplate: string): boolean => nameplate.length > 3;

/** A number of events in a window that begins with the first. */
class Budget {
	count = 0;
	#until = 0;

	add(now: number): void {
		if (now >= this.#until) {
			this.count = 0;
			this.#until = now + calmMs;
		}
		this.count += 1;
	}

	giveBack(): void {
		this.count = Math.max(0, this.count - 1);
	}
}

/** What one try spent when the host's share was asked for. */
export interface Spent {
	/** Tries that this site has left with this code. */
	readonly left: number;
	/** The host answered: until it was right, it is held to be wrong. */
	answered(): void;
	/** The host answered nothing, or the try was right: it costs nobody anything. */
	giveBack(): void;
}

/** Refuses tries of codes before a host's client is asked. */
export class CodeLimits {
	readonly #clock: Clock;
	readonly #tries: Tries;
	readonly #misses = new Budget();
	readonly #wrong = new Budget();
	#floodUntil = Number.NEGATIVE_INFINITY;

	constructor(clock: Clock) {
		this.#clock = clock;
		// Its own: who floods this one shall not make it forget the tries of passwords.
		this.#tries = new Tries(clock);
	}

	/** Seconds that short codes rest, because somebody looks for codes that she was not given; 0 = they do not. */
	get restSeconds(): number {
		return Math.max(0, Math.ceil((this.#floodUntil - this.#clock.monotonic()) / 1000));
	}

	/** Counts somebody who comes with a code. Throws `too-many-tries` with the seconds to wait. */
	arrive(origin: Origin, { nameplate, hit }: { nameplate: string; hit: boolean }): void {
		const [network, site] = namesOf(origin, nameplate);
		this.#tries.count(network, { max: perNetwork, windowMs: calmMs });
		this.#tries.count(site, { max: perSite, windowMs: calmMs });
		if (hit || isLong(nameplate)) return;
		this.#misses.add(this.#clock.monotonic());
		this.#judge(this.#misses, missesOfPractice);
	}

	/** Whether somebody has a try left with a code. */
	mayTry({ site }: Origin, { tries }: { tries: ReadonlyMap<string, number> }): boolean {
		return (tries.get(site) ?? 0) < perSiteAndCode;
	}

	/**
	 * Spends a try at a code, before its host is asked. `tries`: those of each site at this code; `live`: how many codes
	 * there are. undefined when this site has none left.
	 */
	spend(
		origin: Origin,
		code: { nameplate: string; tries: Map<string, number>; live: number },
	): Spent | undefined {
		const { site } = origin;
		const { nameplate, tries, live } = code;
		if (!this.mayTry(origin, code)) return undefined;
		const count = (tries.get(site) ?? 0) + 1;
		tries.set(site, count);
		let wrong = false;
		return {
			left: perSiteAndCode - count,
			answered: () => {
				wrong = !isLong(nameplate);
				if (!wrong) return;
				this.#wrong.add(this.#clock.monotonic());
				this.#judge(this.#wrong, Math.max(wrongOfPractice, live));
			},
			giveBack: () => {
				if (wrong) this.#wrong.giveBack();
				const after = (tries.get(site) ?? 1) - 1;
				if (after > 0) tries.set(site, after);
				else tries.delete(site);
			},
		};
	}

	#judge(budget: Budget, max: number): void {
		if (budget.count < max) return;
		budget.count = 0;
		this.#floodUntil = this.#clock.monotonic() + calmMs;
	}

	/** Forgets the tries of somebody who had a code. */
	forgive(origin: Origin): void {
		for (const nameplate of ['000', '000000'])
			for (const name of namesOf(origin, nameplate)) this.#tries.forgive(name);
	}
}

/** Short and long codes are counted apart: who was drowned out at short ones comes in with a long one. */
function namesOf({ network, site }: Origin, nameplate: string): [string, string] {
	const kind = isLong(nameplate) ? 'long' : 'short';
	return [`${kind} network ${network}`, `${kind} site ${site}`];
}
