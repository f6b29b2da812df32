import { SvelteMap } from 'svelte/reactivity';
import { random, toBase64url } from '#crypto/bytes.ts';
import type { CallMessage } from './messages.ts';
import type { ChatLine } from './view.ts';

/** So many lines of one conversation are kept, and none of them longer than the call. */
const linesMost = 500;

interface Parts {
	/** Hands a message to one person; false when there is no connection. */
	readonly send: (key: string, message: CallMessage) => Promise<boolean>;
	/** Something came while nobody looked. */
	readonly ring: () => void;
}

/** The written conversations of one call, one for each other person. They end with the page. */
export class Chat {
	readonly #parts: Parts;
	readonly #lines = new SvelteMap<string, readonly ChatLine[]>();
	readonly #unread = new SvelteMap<string, number>();

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	lines(key: string): readonly ChatLine[] {
		return this.#lines.get(key) ?? [];
	}

	/** How many lines of this person were not looked at. */
	unread(key: string): number {
		return this.#unread.get(key) ?? 0;
	}

	/** Of everybody together. */
	get unreadOfAll(): number {
		return [...this.#unread.values()].reduce((sum, count) => sum + count, 0);
	}

	/** The conversation with this person was looked at. */
	read(key: string): void {
		this.#unread.delete(key);
	}

	/** A line came; `all` is believed of the host alone, who says so. */
	hear(key: string, line: { id: string; text: string; all: boolean }): void {
		if (!this.#add(key, { ...line, mine: false, at: Date.now() })) return;
		this.#unread.set(key, this.unread(key) + 1);
		this.#parts.ring();
	}

	/** To one person. False: she is not connected, and the text stays with whoever wrote it. */
	async say(key: string, text: string): Promise<boolean> {
		const id = toBase64url(random(16));
		const sent = await this.#send(key, { type: 'chat', id, text });
		if (sent) this.#add(key, { id, text, mine: true, at: Date.now(), all: false });
		return sent;
	}

	/** The same to each of them. Resolves to those who did not get it. */
	async sayToAll(keys: readonly string[], text: string): Promise<readonly string[]> {
		const id = toBase64url(random(16));
		const missed: string[] = [];
		for (const key of keys) {
			if (await this.#send(key, { type: 'chat', id, text, all: true }))
				this.#add(key, { id, text, mine: true, at: Date.now(), all: true });
			else missed.push(key);
		}
		return missed;
	}

	#send(key: string, message: CallMessage): Promise<boolean> {
		return this.#parts.send(key, message).catch(() => false);
	}

	/** False when this line is there already. */
	#add(key: string, line: ChatLine): boolean {
		const lines = this.lines(key);
		if (lines.some((one) => one.id === line.id)) return false;
		this.#lines.set(key, [...lines.slice(1 - linesMost), line]);
		return true;
	}
}
