import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { Member } from '#crypto/group/group.ts';
import type { Heads } from '#lib/proof/incall.ts';
import { Chat } from './chat.svelte.ts';
import type { Devices } from './devices.svelte.ts';
import type { Links } from './links.svelte.ts';
import type { CallMessage } from './messages.ts';
import { Meter } from './meter.svelte.ts';
import { keyName } from './room.ts';
import { ring } from './sound.ts';
import type { Link, News, RosterRow, Tile } from './view.ts';

/** So many pieces of news stand on the screen, each so long, milliseconds. */
const newsMost = 4;
const newsMs = 12_000;

interface Parts {
	readonly links: Pick<Links, 'tiles' | 'sendDirect' | 'stats'>;
	readonly devices: Pick<Devices, 'mute' | 'muted' | 'listenOnly' | 'soundOnly' | 'sink'>;
}

/** What people in a call do together, and how one of them looks at it: hands, news, messages, volume, pin. */
export class Group {
	readonly chat: Chat;
	readonly meter: Meter;
	readonly hands = new SvelteSet<string>();
	/** One's own hand. */
	handUp = $state(false);
	news = $state.raw<readonly News[]>([]);
	/** The host who muted this page, until it is unmuted. */
	mutedBy = $state<string | null>(null);
	/** What this page was shown of the practice's history, and compares with the others. */
	heads: Heads | undefined;
	/** The server showed somebody here another history of the practice. */
	forked = $state(false);
	/** Somebody here showed a head that another key signs, or that is not proved to be of one history. */
	doubted = $state(false);
	/** Shown large, whoever speaks. */
	pinned = $state<string | null>(null);
	/** From 0 to 1, where it was changed. */
	readonly volumes = new SvelteMap<string, number>();
	readonly #parts: Parts;
	#people: ReadonlyMap<string, string> | undefined;
	readonly #connected = new Map<string, Link>();
	readonly #timers = new Set<ReturnType<typeof setTimeout>>();
	#next = 1;

	constructor(parts: Parts) {
		this.#parts = parts;
		const { links } = parts;
		this.chat = new Chat({ send: (key, message) => links.sendDirect(key, message), ring });
		this.meter = new Meter({
			keys: () =>
				[...links.tiles.values()].flatMap(({ key, link }) => (link === 'connected' ? [key] : [])),
			stats: (key) => links.stats(key),
		});
	}

	/** Sound alone: no picture is sent from here, and none is asked for. */
	get soundOnly(): boolean {
		return this.#parts.devices.soundOnly;
	}

	/** The loudspeaker; '' is the one of the system. */
	get sink(): string {
		return this.#parts.devices.sink;
	}

	/** Takes what concerns the group; false when the message is about something else. */
	hear(from: Member, message: CallMessage): boolean {
		const key = keyName(from);
		switch (message.type) {
			case 'chat': {
				const { id, text } = message;
				this.chat.hear(key, { id, text, all: message.all === true && from.role === 'host' });
				return true;
			}
			case 'head':
				void this.#compare(message.note);
				return true;
			case 'hand':
				this.#raised(key, from.name, message.up);
				return true;
			case 'mute':
				if (from.role !== 'host' || this.#parts.devices.muted) return true;
				this.#parts.devices.mute(true);
				this.mutedBy = from.name;
				this.#tell('muted', from.name);
				return true;
			default:
				return false;
		}
	}

	#raised(key: string, name: string, up: boolean): void {
		if (this.hands.has(key) === up) return;
		if (up) this.hands.add(key);
		else this.hands.delete(key);
		this.#tell(up ? 'hand' : 'hand-down', name);
		if (up) ring(520);
	}

	/** Compares who is there with who was: tells who came and went, and newcomers whether one's hand is up. */
	follow(roster: readonly RosterRow[], tiles: readonly Tile[]): void {
		const rows = roster.filter((row) => !row.me && row.role !== 'recorder');
		const people = new Map(rows.map(({ key, name }) => [key, name]));
		const before = this.#people;
		// Nobody comes when one comes oneself: they were there.
		if (roster.length > 0) this.#people = people;
		if (before && roster.length > 0) {
			for (const [key, name] of people) if (!before.has(key)) this.#tell('joined', name);
			for (const [key, name] of before) if (!people.has(key)) this.#gone(key, name);
		}
		for (const { key, name, link } of tiles) this.#onLink(key, name, link);
		for (const key of this.#connected.keys()) if (!people.has(key)) this.#connected.delete(key);
	}

	#gone(key: string, name: string): void {
		this.hands.delete(key);
		if (this.pinned === key) this.pinned = null;
		this.#tell('left', name);
	}

	#onLink(key: string, name: string, link: Link): void {
		const before = this.#connected.get(key);
		if (before === link) return;
		// Between two tries it is as lost as before.
		if (before === 'lost' && link === 'connecting') return;
		this.#connected.set(key, link);
		if (link === 'lost') this.#tell('lost', name);
		if (link !== 'connected') return;
		if (before === 'lost') this.#tell('back', name);
		// Also when there is nothing to say: she may have heard something else of the page before this one.
		void this.#send(key, { type: 'hand', up: this.handUp });
		void this.#send(key, { type: 'pictures', wanted: !this.soundOnly });
		void this.#showHead(key);
	}

	async #showHead(key: string): Promise<void> {
		const note = await this.heads?.mine();
		if (note !== undefined) await this.#send(key, { type: 'head', note });
	}

	async #compare(note: string): Promise<void> {
		const wrong = await this.heads?.compare(note);
		if (wrong?.is === 'forked') this.forked = true;
		else if (wrong) this.doubted = true;
	}

	#tell(what: News['what'], name: string): void {
		const id = this.#next++;
		this.news = [...this.news.slice(1 - newsMost), { id, what, name }];
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			this.news = this.news.filter((one) => one.id !== id);
		}, newsMs);
		this.#timers.add(timer);
	}

	raise(up: boolean): void {
		this.handUp = up;
		this.#sendAll({ type: 'hand', up });
	}

	/** For the host: asks every other page to mute its microphone. */
	muteAll(): void {
		this.#sendAll({ type: 'mute' });
		this.#tell('mute-sent', '');
	}

	listenOnly(on: boolean): void {
		this.#parts.devices.listenOnly(on);
	}

	/** Tells the others whether their pictures are wanted here. */
	tellPictures(): void {
		this.#sendAll({ type: 'pictures', wanted: !this.soundOnly });
	}

	#sendAll(message: CallMessage): void {
		for (const key of this.#parts.links.tiles.keys()) void this.#send(key, message);
	}

	async #send(key: string, message: CallMessage): Promise<void> {
		await this.#parts.links.sendDirect(key, message).catch(() => false);
	}

	close(): void {
		this.meter.stop();
		for (const timer of this.#timers) clearTimeout(timer);
	}
}
