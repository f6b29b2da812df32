import { SvelteSet } from 'svelte/reactivity';
import { Deck, openingBehind } from './deck.ts';
import { follow } from './drift.ts';
import { type Span, holds, joined, skipGaps } from './timeline.ts';

/** How often the people are held together. */
const tickMs = 100;
/** Media that stay this short for so many ticks stop everybody until they have come. */
const starvedTicks = 3;

/** One person's media on the clock of the recording, in milliseconds. */
export interface PersonMedia {
	readonly id: string;
	readonly name: string;
	readonly startMs: number;
	readonly durationMs: number;
	/** Address of the media; without it there is a lane but nothing to open. */
	readonly src: string | undefined;
}

/** Why a person's media do not go on. */
export type PersonTrouble = 'altered' | 'gone' | 'unreachable' | 'no-key';

export type PlayerState = 'paused' | 'playing' | 'loading' | 'ended';

/** Plays everybody's media as one: same place, same speed, within 100 ms. */
export class Player {
	readonly people: readonly PersonMedia[];
	readonly durationMs: number;
	/** Times in which nothing was kept of anybody; they are jumped over. */
	readonly gaps: readonly Span[];
	/** Other times that are jumped over now. */
	quiet: () => readonly Span[] = () => [];
	positionMs = $state(0);
	state = $state<PlayerState>('paused');
	speed = $state(1);
	readonly muted = new SvelteSet<string>();
	readonly hidden = new SvelteSet<string>();
	/** People whose media cannot be played at all, and why. */
	troubles = $state<Readonly<Record<string, PersonTrouble>>>({});
	/** Places of a person's media that were refused because they are not as they were sealed. */
	altered = $state<Readonly<Record<string, readonly Span[]>>>({});

	readonly #decks = new Map<string, Deck>();
	readonly #starved = new Map<string, number>();
	/** People whose way past an altered place is being looked for. */
	readonly #skipping = new Set<string>();
	#wanted = false;
	#turn = 0;
	#lastTickAt = 0;
	#timer: ReturnType<typeof setInterval> | undefined;

	constructor(options: {
		people: readonly PersonMedia[];
		durationMs: number;
		gaps: readonly Span[];
	}) {
		this.people = options.people;
		this.durationMs = options.durationMs;
		this.gaps = joined(options.gaps);
	}

	/** Whether the viewer has asked it to play, also while it loads. */
	get playing(): boolean {
		return this.state === 'playing' || (this.state === 'loading' && this.#wanted);
	}

	/** Takes a person's media element; the result lets it go. */
	attach(id: string, element: HTMLMediaElement): () => void {
		const deck = new Deck(element);
		element.muted = this.muted.has(id);
		element.playbackRate = this.speed;
		this.#decks.set(id, deck);
		return () => {
			deck.pause();
			if (this.#decks.get(id) === deck) this.#decks.delete(id);
		};
	}

	/** Stops and lets go of everything. */
	close(): void {
		this.pause();
		this.#decks.clear();
	}

	async play(): Promise<void> {
		this.#wanted = true;
		const from = this.state === 'ended' ? 0 : this.positionMs;
		await this.#goTo(this.#past(from));
	}

	pause(): void {
		this.#wanted = false;
		this.#turn++;
		this.#stopTicking();
		for (const deck of this.#decks.values()) deck.pause();
		if (this.state !== 'ended') this.state = 'paused';
	}

	async toggle(): Promise<void> {
		if (this.playing) this.pause();
		else await this.play();
	}

	/** Goes to a place with everybody; plays on if it was playing. */
	async seek(atMs: number): Promise<void> {
		await this.#goTo(Math.min(Math.max(0, atMs), this.durationMs));
	}

	async step(byMs: number): Promise<void> {
		await this.seek(this.positionMs + byMs);
	}

	setSpeed(speed: number): void {
		this.speed = speed;
		for (const { element } of this.#decks.values()) element.playbackRate = speed;
	}

	hear(id: string, heard: boolean): void {
		if (heard) this.muted.delete(id);
		else this.muted.add(id);
		const deck = this.#decks.get(id);
		if (deck) deck.element.muted = !heard;
	}

	show(id: string, shown: boolean): void {
		if (shown) this.hidden.delete(id);
		else this.hidden.add(id);
	}

	/** This person's media cannot be had at all. */
	refuse(id: string, trouble: PersonTrouble): void {
		this.troubles = { ...this.troubles, [id]: trouble };
	}

	/** An answer to this person's element waits at altered bytes, ahead of what is played; or no longer does. */
	hold(id: string, held: boolean): void {
		this.#decks.get(id)?.setHeld(held);
	}

	/** Tries again to get what did not come. */
	async retry(): Promise<void> {
		this.troubles = {};
		for (const deck of this.#decks.values()) if (deck.failed) deck.element.load();
		await this.#goTo(this.positionMs);
	}

	/** Whether there is something of this person at the present place. */
	isHere(person: PersonMedia): boolean {
		return this.#isActive(person, Math.min(this.positionMs, this.durationMs - 1));
	}

	/** The first time from here on that is played. */
	#past(atMs: number): number {
		const quiet = this.quiet();
		const jumped = quiet.length === 0 ? this.gaps : joined([...this.gaps, ...quiet]);
		return Math.min(skipGaps(jumped, atMs), Math.max(atMs, this.durationMs));
	}

	#isActive(person: PersonMedia, atMs: number): boolean {
		const local = atMs - person.startMs;
		if (this.troubles[person.id] !== undefined || this.#skipping.has(person.id)) return false;
		if (local < 0 || local >= person.durationMs) return false;
		return !this.altered[person.id]?.some((span) => holds(span, atMs));
	}

	#active(atMs: number): { person: PersonMedia; deck: Deck }[] {
		return this.people.flatMap((person) => {
			const deck = this.#decks.get(person.id);
			return deck && this.#isActive(person, atMs) ? [{ person, deck }] : [];
		});
	}

	/** Barrier: everybody stops, everybody seeks, and only when all have arrived everybody starts. */
	async #goTo(atMs: number): Promise<void> {
		const turn = ++this.#turn;
		this.#stopTicking();
		for (const deck of this.#decks.values()) deck.pause();
		this.positionMs = atMs;
		this.state = 'loading';
		const active = this.#active(atMs);
		await Promise.all(
			active.map(async ({ person, deck }) => {
				const there = await deck.seek(atMs - person.startMs);
				if (there && this.#wanted) await deck.settle();
				if (turn === this.#turn && deck.held && !deck.ready) void this.#skip(person, deck);
			}),
		);
		if (turn !== this.#turn) return;
		if (!this.#wanted) {
			this.state = 'paused';
			return;
		}
		await this.#start();
	}

	async #start(): Promise<void> {
		const turn = this.#turn;
		const active = this.#active(this.positionMs);
		for (const { deck } of active) deck.element.playbackRate = this.speed;
		const started = await Promise.all(active.map(({ deck }) => deck.play()));
		if (turn !== this.#turn) return;
		if (active.length > 0 && !started.includes(true)) return this.pause();
		this.state = 'playing';
		this.#starved.clear();
		this.#lastTickAt = performance.now();
		this.#timer = setInterval(() => this.#tick(), tickMs);
	}

	#stopTicking(): void {
		clearInterval(this.#timer);
	}

	/** The place of the first person who is heard and runs; where nobody runs, time goes on by itself. */
	#clock(now: number): number {
		const running = this.#active(this.positionMs).filter(({ deck }) => deck.running);
		const heard = running.find(({ person }) => !this.muted.has(person.id)) ?? running[0];
		if (heard) return heard.person.startMs + heard.deck.atMs;
		return this.positionMs + (now - this.#lastTickAt) * this.speed;
	}

	#tick(): void {
		const now = performance.now();
		const atMs = this.#clock(now);
		this.#lastTickAt = now;
		if (atMs >= this.durationMs) return this.#end();
		const next = this.#past(atMs);
		if (next !== atMs) return void this.#goTo(next);
		this.positionMs = atMs;
		if (this.#someoneStarves(atMs)) return void this.#goTo(atMs);
		for (const person of this.people) this.#hold(person, atMs);
	}

	#end(): void {
		this.pause();
		this.positionMs = this.durationMs;
		this.state = 'ended';
	}

	#someoneStarves(atMs: number): boolean {
		return this.#active(atMs).some(({ person, deck }) => {
			if (deck.ready || deck.failed) {
				this.#starved.delete(person.id);
				return false;
			}
			const ticks = (this.#starved.get(person.id) ?? 0) + 1;
			this.#starved.set(person.id, ticks);
			if (ticks >= starvedTicks && deck.held) void this.#skip(person, deck);
			return ticks >= starvedTicks && !deck.held;
		});
	}

	/** Starts, stops or hurries one person so that they are where the clock is. */
	#hold(person: PersonMedia, atMs: number): void {
		const deck = this.#decks.get(person.id);
		if (!deck || this.#skipping.has(person.id)) return;
		if (!this.#isActive(person, atMs)) return deck.pause();
		const local = atMs - person.startMs;
		if (deck.element.paused && !deck.ended) {
			deck.element.currentTime = local / 1000;
			void deck.play();
			return;
		}
		if (!deck.running) return;
		const { rate, correcting, jump } = follow({
			driftMs: deck.atMs - local,
			speed: this.speed,
			correcting: deck.correcting,
		});
		deck.correcting = correcting;
		if (jump) deck.element.currentTime = local / 1000;
		if (deck.element.playbackRate !== rate) deck.element.playbackRate = rate;
	}

	/** Looks for the first place behind an altered one that opens; the others go on meanwhile. */
	async #skip(person: PersonMedia, deck: Deck): Promise<void> {
		if (this.#skipping.has(person.id)) return;
		this.#skipping.add(person.id);
		deck.pause();
		const from = deck.atMs;
		const to = await openingBehind(deck, { from, to: person.durationMs });
		const known = this.altered[person.id] ?? [];
		const span = { from: person.startMs + from, to: person.startMs + to };
		this.altered = { ...this.altered, [person.id]: joined([...known, span]) };
		this.#skipping.delete(person.id);
	}
}
