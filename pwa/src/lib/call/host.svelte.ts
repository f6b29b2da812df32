import { type Bytes, equal, fromBase64url, random, toBase64url, toHex } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { signAdmission, signRemoval } from '#crypto/group/group.ts';
import { account } from '#lib/account/account.svelte.ts';
import { accessCodes } from '#lib/code/codes.svelte.ts';
import { request } from '#lib/net/api.ts';
import { socketAddress } from '#lib/net/origin.ts';
import { Socket, SocketError } from '#lib/net/socket.ts';
import { clickedInExtension } from '#lib/presence/connect.ts';
import { proof } from '#lib/proof/proof.svelte.ts';
import { type HostSession } from '#lib/sessions/session.ts';
import { fetchSession } from '#lib/sessions/store.ts';
import type { Seat } from '#protocol/socket.ts';
import { Call } from './call.svelte.ts';
import { type Clicked, isMeant, sameKnock } from './clicked.ts';
import { Devices } from './devices.svelte.ts';
import { iceSource } from './ice.ts';
import { type OpenedKnock, openKnock } from './knock.ts';
import { Knowledge } from './knowledge.ts';
import { sealNote } from './note.ts';
import { Pins } from './pins.ts';
import { needsNoLook, provenLevel } from './proven.ts';
import { Recording } from './recording.svelte.ts';
import { keyName } from './room.ts';
import { Sweep } from './sweep.ts';
import { type Knock, type ProvenLevel, companyOf } from './view.ts';

interface Door {
	readonly knock: Seat['knock'];
	readonly opened: OpenedKnock | null;
	readonly proven: ProvenLevel;
	readonly name: string | null;
}

/** So many who wait get a connection prepared. */
const preparedMost = 2;
/** So long the end of a recording may hold back whoever leaves, milliseconds. */
const leaveMs = 5000;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Alone for so long, and the recording ends, milliseconds. */
const aloneMs = 15_000;

/** The host's side of a call: who is let in, who is taken out, and what is recorded. */
export class HostCall {
	readonly session: HostSession;
	readonly call: Call;
	readonly recording: Recording;
	knocks = $state.raw<readonly Knock[]>([]);
	/** The seat that this page was opened for, and whose Connect the host still has to press. */
	asked = $state<string>();
	/** Names of those who have not agreed to be recorded. */
	missing = $state.raw<readonly string[]>([]);
	connecting = $state(false);
	failure = $state.raw<unknown>();
	readonly #doors = new Map<string, Door>();
	readonly #proven = new Map<string, 1 | 2>();
	/** Key packages of knocks that somebody was let in with, or nearly: each serves once. */
	readonly #spent = new Set<string>();
	readonly #pins: Pins;
	readonly #sweep: Sweep;
	/** Nobody else is there, and a recording is about to end for that. */
	#countingAlone = false;

	private constructor(
		session: HostSession,
		parts: { knowledge: Knowledge; pins: Pins; devices: Devices },
	) {
		this.session = session;
		this.#pins = parts.pins;
		const { identity } = account;
		const seat = toBase64url(random(16));
		this.call = new Call({
			...parts,
			session: session.id,
			seat,
			isHost: true,
			identity,
			hostKey: identity.signing.publicKey,
			notice: session.signedNotice,
			socket: new Socket({ address: socketAddress(), token: (fresh) => account.token(fresh) }),
			config: iceSource(),
			enter: async () => ({ type: 'enter', session: session.id, seat }),
			proven: (key) => this.#proven.get(toHex(key)) ?? 0,
			onepoch: (epoch, welcome) => this.recording.follow(epoch, welcome),
			onover: () => void this.recording.close(),
			onlow: (who, left) => this.recording.low(who, left),
			onlinks: () => this.recording.links(),
			onreceipt: (_from, withdrawn) => {
				if (withdrawn) this.recording.withdrawn();
				void this.#look();
			},
		});
		this.call.group.heads = proof.inCall;
		this.recording = new Recording(this.call);
		const { room } = this.call;
		this.#sweep = new Sweep({ room, over: () => this.call.isOver });
		const { changed } = room.on;
		room.on.changed = () => {
			changed();
			void this.#look();
			void this.#sweep.look();
		};
	}

	/** Opens the call of one's own session. Throws `ApiError`, CryptoError. */
	static async open(id: string, devices: Devices): Promise<HostCall> {
		const session = await fetchSession(id);
		// Somebody may still be entering the code that was read out to her.
		await accessCodes.resume();
		const knowledge = await Knowledge.open({
			owner: account.member.id,
			session: id,
			notice: session.signedNotice,
		});
		const pins = await Pins.open(account.member.id, id);
		const host = account.identity.signing;
		const { name } = account.member;
		knowledge.admit(
			await signAdmission({ host, session: id, key: host.publicKey, name, role: 'host' }),
		);
		return new HostCall(session, { knowledge, pins, devices });
	}

	/** Reads who stands at the door, and who in the call has not agreed. */
	async #look(): Promise<void> {
		const knocks: Knock[] = [];
		for (const seat of this.call.room.seats.values()) {
			if (seat.kind !== 'participant' || !seat.present) continue;
			if (seat.state === 'in-call') await this.#read(seat);
			if (seat.state !== 'waiting') continue;
			knocks.push(this.#show(seat, await this.#read(seat)));
		}
		this.knocks = knocks.toSorted((a, b) => b.trust.level - a.trust.level || a.since - b.since);
		this.#prepare();
		this.missing = await this.recording.missing();
		this.#watchRecording();
	}

	/** A recording ends by itself when nobody else is there any more, and when the call is over. */
	#watchRecording(): void {
		const alone = (): boolean =>
			![...this.call.links.tiles.values()].some((tile) => tile.link === 'connected') &&
			![...this.call.room.seats.values()].some(
				(seat) => seat.kind === 'participant' && seat.state === 'in-call' && seat.present,
			);
		if (this.recording.current === null) return;
		if (this.call.isOver) void this.recording.close();
		else if (alone() && !this.#countingAlone) {
			this.#countingAlone = true;
			setTimeout(() => {
				this.#countingAlone = false;
				if (alone()) void this.recording.stop();
			}, aloneMs);
		}
	}

	/** Connections to those who wait longest are ready when Connect is pressed; nothing of them leaves this page before. */
	#prepare(): void {
		const { links, isOver } = this.call;
		if (isOver || this.connecting) return;
		const next = this.knocks.slice(0, preparedMost).flatMap(({ seat }) => {
			const { opened, name } = this.#doors.get(seat) ?? {};
			return opened && name ? [{ key: opened.key, name, seat }] : [];
		});
		links.unprepare(next);
		for (const { seat, ...person } of next) links.prepare(person, seat);
	}

	async #read(seat: Seat): Promise<Door> {
		const known = this.#doors.get(seat.seat);
		if (known && known.knock?.sealed === seat.knock?.sealed) return known;
		const door = await this.#open(seat);
		this.#doors.set(seat.seat, door);
		// Somebody in the call who knocks again after a lost line may have withdrawn meanwhile.
		if (seat.state === 'in-call' && door.opened?.text.receipt)
			await this.call.hear(door.opened.text.receipt).catch(() => {});
		return door;
	}

	async #open(seat: Seat): Promise<Door> {
		const place = this.session.places.find((one) => one.id === seat.place);
		const { knock } = seat;
		const unread = { knock, opened: null, proven: 0, name: null } as const;
		if (!place || !knock) return unread;
		try {
			const { identity } = account;
			const where = { session: this.session.id, place: place.id, secret: place.secret };
			const opened = await openKnock({ identity, ...where, knock });
			const coded = await accessCodes.confirmed(place.id, opened.key);
			const proven = provenLevel({ coded, linked: opened.proven });
			if (proven) this.#proven.set(toHex(opened.key), proven);
			// Who proved the link or the code is who was invited; anybody else is who she says she is.
			const name = proven ? place.name : (opened.text.name ?? place.name);
			return { knock, opened, proven, name };
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
			return unread;
		}
	}

	#show({ seat, since }: Seat, { opened, proven, name }: Door): Knock {
		const key = opened?.key;
		return {
			seat,
			since,
			name: opened ? name : null,
			trust: key && name !== null ? this.#pins.label(key, name, proven) : { level: 0 },
			keyChanged: key !== undefined && name !== null && this.#pins.changed(key, name),
			agreed: opened?.text.agreed ?? null,
			company: opened?.receipt ? companyOf(opened.receipt) : null,
			canBeTold: opened !== null && opened.reply !== null,
		};
	}

	/** Lets somebody in: an admission and an epoch. Without their consent the recorder is left out of it first. */
	async connect(seat: string): Promise<void> {
		const known = this.call.room.seats.get(seat);
		if (known) await this.#admit(known);
	}

	async #admit(known: Seat): Promise<void> {
		const { room } = this.call;
		const { seat } = known;
		const { opened, name } = await this.#read(known);
		if (!opened || name === null) return;
		this.connecting = true;
		this.failure = undefined;
		try {
			const { session, knowledge } = this.call.options;
			const host = account.identity.signing;
			const admission = { host, session, key: opened.key, name, role: 'participant' } as const;
			knowledge.admit(await signAdmission(admission));
			if (opened.text.receipt) await knowledge.hear(opened.text.receipt);
			const agreed = await this.#agreed(opened.key);
			// Also while it is only just being started: that comes to its end first.
			if (!agreed) await this.recording.settled();
			if (!agreed && this.call.recording === 'on') await this.recording.pause();
			const change = room.change(() =>
				room.leaves.includes(seat) ? undefined : { add: [seat], packages: this.#packageOf(known) },
			);
			// Connecting takes as long as making the keys; after some time of waiting it was begun before.
			this.call.links.prepare({ key: opened.key, name }, seat);
			await change;
		} catch (error) {
			this.failure = error;
		} finally {
			this.connecting = false;
			this.#prepare();
		}
	}

	/** Writes to somebody who waits, sealed to the key of her knock. False when it did not go. */
	async tell(seat: string, text: string): Promise<boolean> {
		const reply = this.#doors.get(seat)?.opened?.reply;
		if (!reply) return false;
		const { socket, session } = this.call.options;
		const note = { host: account.identity.signing, to: reply, session, seat, text, at: Date.now() };
		try {
			const body = await sealNote(note);
			await socket.request({ type: 'relay', to: seat, body }, { repeat: true });
			return true;
		} catch (error) {
			if (error instanceof SocketError || error instanceof CryptoError) return false;
			throw error;
		}
	}

	/** The number of somebody in the call whose line broke; undefined when none was given. */
	phoneOf(seat: string): string | undefined {
		const place = this.call.room.seats.get(seat)?.place;
		return this.session.places.find(({ id }) => id === place)?.mobile;
	}

	/** The key package that came with a knock, unless it was used: the server need not be asked for one. */
	#packageOf({ seat, knock }: Seat): ReadonlyMap<string, Bytes> {
		if (!knock || this.#spent.has(knock.keyPackage)) return new Map();
		this.#spent.add(knock.keyPackage);
		return new Map([[seat, fromBase64url(knock.keyPackage)]]);
	}

	/**
	 * This page was opened for a seat: who is there is let in as soon as the room says so, when the host `clicked` on her
	 * in this app; or clicked on her there or in the extension, and she proved who she is. Anybody else is shown first,
	 * with her button.
	 */
	async connectWhenThere(seat: string, clicked?: Clicked): Promise<void> {
		const { room } = this.call;
		const here = clicked?.seat === seat;
		const there = here ? undefined : clickedInExtension({ session: this.session.id, seat });
		const until = performance.now() + 5000;
		while (performance.now() < until && room.seats.get(seat)?.state !== 'waiting')
			await new Promise((resolve) => setTimeout(resolve, 50));
		const known = room.seats.get(seat);
		if (known?.state !== 'waiting') return;
		const shown = here && sameKnock(clicked.knock, known.knock);
		const proven = needsNoLook(this.#show(known, await this.#read(known)));
		if (shown || (proven && (here || isMeant(await there, known)))) await this.#admit(known);
		else this.asked = seat;
	}

	async #agreed(key: Bytes): Promise<boolean> {
		return this.call.options.knowledge.receipts.latest(key)?.type === 'consent';
	}

	/** Takes somebody out for good. */
	async remove(key: string): Promise<void> {
		const { room, options } = this.call;
		const member = room.epoch?.roster.find((one) => keyName(one) === key);
		const seat = member && room.seatOf(member.key);
		if (!member || seat === undefined) return;
		const { session, knowledge } = options;
		const host = account.identity.signing;
		await knowledge.remove(await signRemoval({ host, session, key: member.key }));
		await room.change(() => (room.leaves.includes(seat) ? { drop: [seat] } : undefined));
		await options.socket.request({ type: 'remove', seat }).catch(() => {});
	}

	/** Another tab goes on with the call: a recording of this one ends, and what it has is uploaded and finished here. */
	async letGo(): Promise<void> {
		this.call.phase = 'replaced';
		await this.recording.close();
		this.call.close();
	}

	isMe(key: Bytes): boolean {
		return equal(key, account.identity.signing.publicKey);
	}

	async leave(): Promise<void> {
		// Without the server the recorder's key cannot be taken now: nobody stays seen and heard for that.
		await Promise.race([this.recording.close(), later(leaveMs)]);
		await this.call.leave();
	}

	/** Ends the session for everybody. Throws `ApiError`. */
	async end(): Promise<void> {
		await this.recording.close();
		await request({ method: 'POST', path: `/api/sessions/${this.session.id}/end` });
	}
}
