import { entries, del } from 'idb-keyval';
import * as v from 'valibot';
import { type Bytes, toHex } from '#crypto/bytes.ts';
import { StoredPin, keep, kept, shelf } from './shelf.ts';
import type { ProvenLevel, TrustLabel } from './view.ts';

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

/** Keys of people whom this browser met, per owner: a device that several people use keeps their lists apart. */
export class Pins {
	readonly #owner: string;
	readonly #session: string;
	/** What was known before this call began. */
	readonly #before = new Map<string, StoredPin>();
	readonly #compared = new Set<string>();

	private constructor(owner: string, session: string) {
		this.#owner = owner;
		this.#session = session;
	}

	/** What this browser knows as a session goes on. */
	static async open(owner: string, session: string): Promise<Pins> {
		const pins = new Pins(owner, session);
		const prefix = pins.#name('');
		for (const [name, value] of await entries(shelf)) {
			if (typeof name !== 'string' || !name.startsWith(prefix)) continue;
			const pin = v.safeParse(StoredPin, value);
			if (pin.success) pins.#before.set(name.slice(prefix.length), pin.output);
		}
		return pins;
	}

	#name(key: string): string {
		return `pin ${this.#owner} ${key}`;
	}

	/** Remembers that somebody was met, and under which name. */
	async met(key: Bytes, name: string): Promise<void> {
		const hex = toHex(key);
		const known = await kept(this.#name(hex), StoredPin);
		await keep(this.#name(hex), {
			name,
			firstAt: known?.firstAt ?? Date.now(),
			comparedAt: known?.comparedAt ?? null,
			session: known ? known.session : this.#session,
		});
	}

	/** Both read the same numbers: this key is theirs. */
	async compared(key: Bytes, name: string): Promise<void> {
		await this.met(key, name);
		this.#compared.add(toHex(key));
		const known = await kept(this.#name(toHex(key)), StoredPin);
		await keep(this.#name(toHex(key)), { ...known, comparedAt: Date.now() });
	}

	/** The numbers differed: what was believed of this key is forgotten. */
	async differed(key: Bytes): Promise<void> {
		this.#compared.delete(toHex(key));
		this.#before.delete(toHex(key));
		await del(this.#name(toHex(key)), shelf);
	}

	/** This key, if it was met under this name: a browser that is known does not vouch for another name. */
	#metAs(key: string, name: string): StoredPin | undefined {
		const known = this.#before.get(key);
		return known?.name === name ? known : undefined;
	}

	/** `proven`: 2 by an access code, 1 by a private link, 0 by nothing. */
	label(key: Bytes, name: string, proven: ProvenLevel): TrustLabel {
		const hex = toHex(key);
		const known = this.#metAs(hex, name);
		if (this.#compared.has(hex) || known?.comparedAt) return { level: 4 };
		// Met in this very session before a reload: that is no earlier meeting, and says nothing new.
		if (known && known.session !== this.#session)
			return { level: 3, date: day.format(known.firstAt) };
		return { level: proven };
	}

	/** Whether somebody of this name was met under another key, and never under this one. */
	changed(key: Bytes, name: string): boolean {
		if (this.#metAs(toHex(key), name)) return false;
		return [...this.#before.values()].some((pin) => pin.name === name);
	}

	/** Forgets everybody. */
	async clear(): Promise<void> {
		const prefix = this.#name('');
		for (const [name] of await entries(shelf))
			if (typeof name === 'string' && name.startsWith(prefix)) await del(name, shelf);
		this.#before.clear();
		this.#compared.clear();
	}
}
