import type { EncodedPacketSink, Input } from 'mediabunny';
import { openMedia } from './media.ts';
import type { PersonMedia, Player } from './player.svelte.ts';

/** Where browsers round a time down, the middle of a millisecond still lies in the frame. */
const withinMs = 0.5;
/** Where the file cannot be read, about one picture. */
const blindMs = 40;

/** Goes from picture to picture: by the times that stand in the file, because a call has no fixed rate. */
export class Frames {
	readonly #player: Player;
	readonly #open = new Map<
		string,
		Promise<{ input: Input; sink: EncodedPacketSink } | undefined>
	>();
	readonly #end = new AbortController();
	#turn: Promise<void> = Promise.resolve();

	constructor(player: Player) {
		this.#player = player;
	}

	/** To the next picture, or the one before, of the first person who is shown; it pauses. One step at a time. */
	step(forward: boolean): Promise<void> {
		this.#player.pause();
		const next = this.#turn.then(() => this.#step(forward));
		this.#turn = next.catch(() => undefined);
		return next;
	}

	close(): void {
		this.#end.abort();
		for (const opened of this.#open.values())
			void opened.then((media) => media?.input.dispose()).catch(() => undefined);
		this.#open.clear();
	}

	async #step(forward: boolean): Promise<void> {
		const player = this.#player;
		const shown = player.people.filter(
			(person) => person.src !== undefined && !player.hidden.has(person.id),
		);
		const person = shown.find((one) => player.isHere(one)) ?? shown[0];
		if (!person || this.#end.signal.aborted) return;
		const atMs = await this.#placeBeside(person, forward);
		if (atMs === undefined || this.#end.signal.aborted) return;
		await player.seek(atMs);
	}

	/** On the clock of the recording; undefined at the ends. */
	async #placeBeside(person: PersonMedia, forward: boolean): Promise<number | undefined> {
		try {
			const local = await this.#beside(person, forward);
			return local === undefined ? undefined : person.startMs + local + withinMs;
		} catch {
			// No connection, or altered bytes ahead: the player itself says so where it matters.
			return this.#player.positionMs + (forward ? blindMs : -blindMs);
		}
	}

	/** The time of the picture beside the present one, milliseconds of this person's media. */
	async #beside(person: PersonMedia, forward: boolean): Promise<number | undefined> {
		const media = await this.#mediaOf(person);
		if (!media) return undefined;
		const { sink } = media;
		const local = Math.max(0, this.#player.positionMs - person.startMs) / 1000;
		const options = { metadataOnly: true };
		const here = await sink.getPacket(local, options);
		if (!here) return (await sink.getFirstPacket(options))?.timestamp;
		const beside = forward
			? await sink.getNextPacket(here, options)
			: await sink.getPacket(here.timestamp - withinMs / 1000, options);
		return beside ? beside.timestamp * 1000 : undefined;
	}

	#mediaOf(person: PersonMedia) {
		const known = this.#open.get(person.id);
		if (known) return known;
		const opening = this.#read(person.src ?? '');
		this.#open.set(person.id, opening);
		// What could not be reached now may be later.
		opening.catch(() => this.#open.delete(person.id));
		return opening;
	}

	async #read(src: string) {
		const { EncodedPacketSink } = await import('mediabunny');
		const input = await openMedia(src, { signal: this.#end.signal });
		const track = await input.getPrimaryVideoTrack();
		if (track) return { input, sink: new EncodedPacketSink(track) };
		input.dispose();
		return undefined;
	}
}
