import { SvelteMap } from 'svelte/reactivity';
import { toBase64url, random } from '#crypto/bytes.ts';
import type { Epoch, Member } from '#crypto/group/group.ts';
import type { Devices } from './devices.svelte.ts';
import type { Media } from './media.ts';
import { type Entry, newEntry } from './entry.ts';
import { type CallMessage, decodeEnvelope, encodeEnvelope } from './messages.ts';
import { Outgoing } from './outgoing.ts';
import { type Peer, createPeer, warmUp } from './peer.ts';
import { type Room, keyName } from './room.ts';
import { Sending } from './sending.ts';
import type { Link, Tile } from './view.ts';

const newId = (): string => toBase64url(random(16));
/** A broken connection is tried again after this, then after twice as long..., milliseconds. */
const retryMs = 700;
const retryMostMs = 8000;

/** Connections with pictures first, then by key. */
const rank = ({ soundOnly, key }: Entry): string => `${soundOnly ? 1 : 0}${key}`;

interface Parts {
	readonly room: Pick<Room, 'leaves' | 'others' | 'seal' | 'relay' | 'open'> & {
		readonly epoch: Pick<Epoch, 'roster' | 'me' | 'hasRecorder'> | undefined;
	};
	readonly media: Media;
	readonly devices: Devices;
	readonly config: () => Promise<RTCConfiguration>;
	/** The connection that one's own frames are copied from may have changed. */
	readonly onlinks: () => void;
	/** A connection stands. */
	readonly onconnect: () => void;
}

/** The peer connections to everybody in the roster. Who connects to whom follows from the keys, so there is no glare. */
export class Links {
	readonly tiles = new SvelteMap<string, Tile>();
	readonly #entries = new Map<string, Entry>();
	readonly #instance = newId();
	readonly #parts: Parts;
	readonly #sending: Sending;
	#closed = false;

	constructor(parts: Parts) {
		this.#parts = parts;
		this.#sending = new Sending({
			...parts,
			entries: () => [...this.#entries.values()],
			primary: () => this.primary(),
			tell: (key, message) => this.sendDirect(key, message),
		});
		// Where it fails it is tried again with the first connection.
		void parts
			.config()
			.then(warmUp)
			.catch(() => {});
		parts.devices.changed = (kind, track) => {
			const set = [...this.#entries.values()].flatMap(
				(one) => one.peer?.setTrack(kind, track) ?? [],
			);
			void Promise.allSettled(set).then(() => this.#sending.limit());
			this.muted();
		};
	}

	/** A connection that stands, for the copies of one's own frames: the first by key, of those with pictures if any. */
	primary(): string | null {
		const open = [...this.#entries.values()]
			.filter((entry) => entry.peer && this.tiles.get(entry.key)?.link === 'connected')
			.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
		return open[0]?.tie?.link ?? null;
	}

	/** Makes the connections fit the roster. */
	async follow(first: boolean): Promise<void> {
		const { room } = this.#parts;
		const { epoch } = room;
		if (!epoch) return;
		const people = epoch.roster.filter((one) => one.role !== 'recorder' && one !== epoch.me);
		const keys = new Set(people.map(keyName));
		for (const [key, entry] of this.#entries)
			if (!keys.has(key) && !entry.early) this.#forget(entry);
		// All of them before the first connection is made: their signals may come at any moment.
		const fresh = people.filter((member) => this.#expect(member));
		// Before the first signal: it makes the others drop the connection to the page before this one.
		if (first) await this.#greet(room.others());
		for (const member of fresh) await this.#call(keyName(member));
		this.#sending.limit();
	}

	/** Shows a member; true when a connection is to be made. */
	#expect(member: Member): boolean {
		const key = keyName(member);
		const seat = this.#parts.room.leaves[member.leaf] ?? '';
		const known = this.#entries.get(key);
		if (known?.early) return this.#admitted(known, member, seat);
		if (known) {
			// The same person on another page: the old connection leads nowhere.
			if (known.seat === seat) return false;
			known.seat = seat;
			this.#drop(known, 'connecting');
			return true;
		}
		this.#showNew(this.#enter(member, seat, false));
		return true;
	}

	#enter(member: Pick<Member, 'key' | 'name' | 'role'>, seat: string, early: boolean): Entry {
		const entry = newEntry(member, { seat, early });
		this.#entries.set(entry.key, entry);
		return entry;
	}

	#showNew({ key, seat, name }: Entry): void {
		const alone = { microphone: true, camera: true, screen: false };
		const stream = new MediaStream();
		const since = Date.now();
		this.tiles.set(key, { key, seat, name, stream, link: 'connecting', since, ...alone });
	}

	/** For the host: begins the connection to somebody who waits; it is not shown, and nothing is sent. */
	prepare(person: { key: Member['key']; name: string }, seat: string): void {
		const known = this.#entries.get(keyName(person));
		if (known?.early && known.seat !== seat) this.#forget(known);
		else if (known) return;
		const entry = this.#enter({ ...person, role: 'participant' }, seat, true);
		void this.#connect(entry, newId()).catch(() => {
			if (entry.early) this.#forget(entry);
			else this.#broken(entry, true);
		});
	}

	/** Gives up what was prepared and not used, but for these persons. */
	unprepare(but: readonly { key: Member['key'] }[] = []): void {
		const kept = new Set(but.map(keyName));
		for (const entry of this.#entries.values())
			if (entry.early && !kept.has(entry.key)) this.#forget(entry);
	}

	/** Now she holds the keys that it is sealed with. False: her connection is under way already. */
	#admitted(entry: Entry, { name }: Member, seat: string): boolean {
		entry.early = false;
		entry.name = name;
		this.#showNew(entry);
		if (entry.seat !== seat || !entry.tie) {
			entry.seat = seat;
			this.#drop(entry, 'connecting');
			return true;
		}
		entry.peer?.expect();
		entry.out?.release();
		return false;
	}

	#initiates(entry: Entry): boolean {
		if (entry.early) return true;
		const me = this.#parts.room.epoch?.me;
		if (!me) return false;
		// The host makes most epochs, so she is there first and need not wait to be called.
		if (me.role === 'host' || entry.host) return me.role === 'host';
		return keyName(me) < entry.key;
	}

	async #call(key: string): Promise<void> {
		const entry = this.#entries.get(key);
		if (!entry) return;
		clearTimeout(entry.retry);
		// Whoever is called has everything ready for it.
		await this.#connect(entry, this.#initiates(entry) ? newId() : '');
	}

	async #connect(entry: Entry, link: string): Promise<void> {
		clearTimeout(entry.retry);
		entry.peer?.close();
		entry.peer = undefined;
		const { devices } = this.#parts;
		const tie = { link };
		entry.tie = tie;
		entry.waiting = [];
		const current = (): boolean => entry.tie === tie && !this.#closed;
		const out = new Outgoing({
			held: entry.early,
			send: (signals) => {
				const message = { type: 'signal', link: tie.link, signals } as const;
				if (current()) void this.#post(message, [entry.seat]).catch(() => {});
			},
		});
		entry.out = out;
		const peer = await this.#make(entry, { tie, out, current }).catch(() => undefined);
		if (!current()) return peer?.close();
		// No configuration, or no code for it just now: it is tried again like one that broke.
		if (!peer) return this.#broken(entry, true);
		entry.peer = peer;
		if (!entry.early) peer.expect();
		// What opened after the tracks were read and before there was a connection to tell.
		for (const kind of ['audio', 'video'] as const)
			void peer.setTrack(kind, devices[kind]).catch(() => {});
		for (const data of entry.waiting) peer.signal(data);
		entry.waiting = [];
	}

	async #make(
		entry: Entry,
		own: { tie: { link: string }; out: Outgoing; current: () => boolean },
	): Promise<Peer> {
		const { media, devices, config } = this.#parts;
		const { tie, out, current } = own;
		return createPeer({
			seat: entry.seat,
			get link() {
				return tie.link;
			},
			initiator: this.#initiates(entry),
			config: await config(),
			worker: media.worker,
			tracks: devices,
			onsignal: (data) => out.push(data),
			ontrack: (track) => this.#addTrack(entry, track),
			onconnect: () => {
				if (!current()) return;
				entry.tries = 0;
				this.#show(entry, 'connected');
				this.muted();
				this.#changed();
				this.#parts.onconnect();
			},
			ondata: (bytes) => {
				// Shorter than an envelope: nothing that this app sends.
				if (bytes.length > 4) void this.#parts.room.open(entry.seat, decodeEnvelope(bytes));
			},
			onclose: (failed) => {
				if (current()) this.#broken(entry, failed);
			},
		});
	}

	#broken(entry: Entry, failed: boolean): void {
		const was = this.tiles.get(entry.key)?.link;
		this.#drop(entry, was === 'connected' || was === 'lost' ? 'lost' : failed ? 'failed' : 'lost');
		this.#changed();
		const wait = Math.min(retryMostMs, retryMs * 2 ** entry.tries++);
		entry.retry = setTimeout(() => {
			if (this.#initiates(entry)) void this.#connect(entry, newId());
			else void this.#post({ type: 'again' }, [entry.seat]).catch(() => {});
		}, wait);
	}

	#drop(entry: Entry, link: Link): void {
		entry.peer?.close();
		entry.peer = undefined;
		entry.tie = undefined;
		this.#show(entry, link);
	}

	#forget(entry: Entry): void {
		clearTimeout(entry.retry);
		entry.peer?.close();
		entry.tie = undefined;
		this.#entries.delete(entry.key);
		this.tiles.delete(entry.key);
		this.#changed();
	}

	/** Who is connected, and who wants pictures, is what is sent and copied. */
	#changed(): void {
		this.#sending.limit();
		this.#parts.onlinks();
	}

	#show(entry: Entry, link: Link): void {
		const tile = this.tiles.get(entry.key);
		if (!tile) return;
		const since = tile.link === link ? tile.since : Date.now();
		this.tiles.set(entry.key, { ...tile, seat: entry.seat, link, since });
	}

	#addTrack(entry: Entry, track: MediaStreamTrack): void {
		const stream = this.tiles.get(entry.key)?.stream;
		if (!stream) return;
		for (const old of stream.getTracks()) if (old.kind === track.kind) stream.removeTrack(old);
		stream.addTrack(track);
	}

	/** Takes what concerns connections; false when the message is about something else. */
	hear(from: Member, message: CallMessage): boolean {
		const entry = this.#entries.get(keyName(from));
		if (!entry) return false;
		switch (message.type) {
			case 'hello':
				this.#onHello(entry, message.instance);
				return true;
			case 'signal':
				void this.#onSignals(entry, message.link, message.signals);
				return true;
			case 'again':
				if (this.#initiates(entry)) void this.#connect(entry, newId());
				return true;
			case 'devices': {
				const tile = this.tiles.get(entry.key);
				const { microphone, camera, screen } = message;
				if (tile) this.tiles.set(entry.key, { ...tile, microphone, camera, screen });
				return true;
			}
			case 'pictures':
				entry.soundOnly = !message.wanted;
				this.#changed();
				return true;
			default:
				return false;
		}
	}

	async #greet(to: readonly string[]): Promise<void> {
		await this.#post({ type: 'hello', instance: this.#instance }, to).catch(() => {});
	}

	/** Comes when it is on its way: what is sent after it arrives after it. */
	async #post(message: CallMessage, to: readonly string[]): Promise<void> {
		const { room } = this.#parts;
		const envelope = await room.seal(message);
		// A seat that is gone in the meantime gets nothing; whoever is there again asks again.
		void room.relay(envelope, to).catch(() => {});
	}

	#onHello(entry: Entry, instance: string): void {
		const before = entry.instance;
		entry.instance = instance;
		if (before === instance) return;
		// A page that begins knows nobody's yet, and could not tell when this one is loaded again.
		void this.#greet([entry.seat]);
		if (before === undefined) return;
		this.#drop(entry, 'connecting');
		void this.#call(entry.key);
	}

	async #onSignals(entry: Entry, link: string, signals: readonly string[]): Promise<void> {
		if (entry.tie?.link === '') {
			entry.tie.link = link;
			entry.peer?.expect();
		}
		if (entry.tie?.link !== link) {
			if (this.#initiates(entry)) return;
			const made = this.#connect(entry, link);
			entry.waiting.push(...signals);
			return made;
		}
		if (!entry.peer) entry.waiting.push(...signals);
		else for (const signal of signals) entry.peer.signal(signal);
	}

	/** To one person, over the data channel; false when there is none. */
	async sendDirect(key: string, message: CallMessage): Promise<boolean> {
		const peer = this.#entries.get(key)?.peer;
		if (!peer || this.tiles.get(key)?.link !== 'connected') return false;
		return peer.send(encodeEnvelope(await this.#parts.room.seal(message)));
	}

	/** To everybody, by every way there is: whichever comes first counts, the other is known already. */
	async sendAll(message: CallMessage): Promise<void> {
		const { room } = this.#parts;
		const envelope = await room.seal(message);
		const bytes = encodeEnvelope(envelope);
		for (const entry of this.#entries.values()) entry.peer?.send(bytes);
		await room.relay(envelope, room.others());
	}

	/** After the microphone was muted or opened. */
	muted(): void {
		void this.#sending.tellDevices();
	}

	/** Asks one's own encoder for a key frame on one connection. */
	async keyFrame(link: string): Promise<void> {
		const entry = [...this.#entries.values()].find((one) => one.tie?.link === link);
		// One that has just ended needs none.
		await entry?.peer?.sendKeyFrame().catch(() => {});
	}

	/** What the connection to somebody reports about itself. */
	async stats(key: string): Promise<RTCStatsReport | undefined> {
		return this.#entries
			.get(key)
			?.peer?.stats()
			.catch(() => undefined);
	}

	close(): void {
		this.#closed = true;
		for (const entry of this.#entries.values()) this.#forget(entry);
	}
}
