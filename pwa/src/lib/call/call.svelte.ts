import type { Bytes } from '#crypto/bytes.ts';
import { type SignedReceipt, noticeDigest, signReceipt } from '#crypto/consent/consent.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Epoch, type Member, PackageStore } from '#crypto/group/group.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { safetyDigits } from '#crypto/safety/digits.ts';
import { hold } from '#lib/net/busy.ts';
import type { Request, Socket } from '#lib/net/socket.ts';
import { update } from '#lib/net/update.svelte.ts';
import type { Act } from '#protocol/sessions.ts';
import type { Signed } from '#protocol/text.ts';
import { Consents } from './consents.ts';
import { Devices } from './devices.svelte.ts';
import { Group } from './group.svelte.ts';
import type { Knowledge } from './knowledge.ts';
import { Links } from './links.svelte.ts';
import { Media } from './media.ts';
import type { CallMessage } from './messages.ts';
import type { Pins } from './pins.ts';
import type { Keys } from './keys.ts';
import { Room, keyName } from './room.ts';
import {
	type Awareness,
	type Company,
	type Phase,
	type ProvenLevel,
	type RosterRow,
	alone,
} from './view.ts';

export interface CallOptions {
	readonly session: string;
	readonly seat: string;
	readonly isHost: boolean;
	readonly identity: Identity;
	/** Ed25519 key of the host, 32 bytes. */
	readonly hostKey: Bytes;
	readonly notice: Signed | null;
	readonly socket: Socket;
	readonly knowledge: Knowledge;
	readonly pins: Pins;
	readonly devices: Devices;
	readonly config: () => Promise<RTCConfiguration>;
	readonly enter: (call: Call) => Promise<Request>;
	/** What the person of this key proved when she knocked. */
	readonly proven: (key: Bytes) => ProvenLevel;
	/** The recorder of this page gets the epochs too. */
	readonly onepoch?: (epoch: Epoch, welcome: Bytes) => Promise<void>;
	/** The server gave this page its seat, now or again. */
	readonly onentered?: () => void;
	/** The call is over for this page, before its workers end. */
	readonly onover?: () => void;
	/** The recorder of this page has few key packages left at the server. */
	readonly onlow?: (seat: string, left: number) => void;
	readonly onlinks?: () => void;
	/** A receipt changed what holds. */
	readonly onreceipt?: (from: Member, withdrawn: boolean) => void;
}

/** The screen of a call is much to draw: the first connection goes first, if it comes soon; milliseconds. */
const drawMs = 500;

/** One call as its page shows it: everything on the screen is computed from the key group and the connections. */
export class Call {
	readonly options: CallOptions;
	readonly media = new Media();
	readonly room: Room;
	readonly links: Links;
	/** What people do together: messages, hands, who speaks. */
	readonly group: Group;
	readonly store: PackageStore;
	readonly devices: Devices;
	phase = $state<Phase>('connecting');
	online = $state(false);
	roster = $state.raw<readonly RosterRow[]>([]);
	recording = $state<Awareness>('off');
	/** Milliseconds with a recorder in the group, as seen here. */
	recordedMs = $state(0);
	/** Nothing of this page is sent just now, because of a withdrawal. */
	held = $state(false);
	/** Who withdrew, and when. */
	withdrawn = $state.raw<{ key: string; name: string; at: number } | null>(null);
	/** Epochs that were refused; for tests and for the small print. */
	refused = $state(0);
	readonly #consents: Consents;
	#release: (() => void) | undefined;
	#told: 'paused' | 'ended' = 'ended';
	#hadRecorder = false;
	#onSince = 0;
	#onBefore = 0;
	#ticker: ReturnType<typeof setInterval> | undefined;

	constructor(options: CallOptions) {
		this.options = options;
		this.devices = options.devices;
		const { session, seat, isHost, identity, hostKey, socket, knowledge } = options;
		this.#consents = new Consents(options, () => this.#show());
		this.store = new PackageStore({ signing: identity.signing, session, clock: Date.now });
		this.room = new Room(
			{
				socket,
				session,
				seat,
				isHost,
				hostKey,
				knowledge,
				store: this.store,
				withdrawn: (epoch) => this.#withdrawnIn(epoch),
				keys: this.#keys(),
				enter: () => options.enter(this),
			},
			{
				low: (who, left) => options.onlow?.(who, left),
				entered: () => options.onentered?.(),
				changed: () => this.#show(),
				epoch: (epoch, first) => this.#onEpoch(epoch, first),
				message: (from, message) => {
					// A receipt that its subject did not sign changes nothing here.
					this.#onMessage(from, message).catch(ignoreForgery);
				},
				outdated: () => (update.outdated = true),
				over: (why) => this.#over(why),
				refused: () => this.refused++,
			},
		);
		this.links = new Links({
			room: this.room,
			media: this.media,
			devices: options.devices,
			config: options.config,
			onlinks: () => options.onlinks?.(),
			onconnect: () => this.#draw(),
		});
		this.group = new Group({ links: this.links, devices: this.devices });
		this.media.onownkeyframe = (link) => void this.links.keyFrame(link);
	}

	#keys(): Keys {
		const { media } = this;
		return {
			install: async (epoch, seats, welcome) => {
				const { generation, me } = epoch;
				const baseKey = await epoch.sframeBaseKey();
				await media.epoch({ generation, baseKey, leaf: me.leaf, seats });
				await this.options.onepoch?.(epoch, welcome);
			},
			use: async (generation) => {
				await media.use(generation);
				this.held = this.room.holding;
				this.devices.hold(this.held);
				// Frames sealed before the others had the keys are lost to them: begin with a whole picture.
				await media.keyFrame();
			},
			hold: () => {
				void media.hold();
				// Somebody withdrew: at the source too. A change of keys alone needs no silence there.
				this.devices.hold(this.room.holding);
				this.held = true;
			},
			forget: (generation) => media.forget(generation),
		};
	}

	/** Nothing of this page takes part any more. */
	get isOver(): boolean {
		return !['connecting', 'waiting', 'in-call'].includes(this.phase);
	}

	get notice(): Signed | null {
		return this.options.notice;
	}

	#onEpoch(epoch: Epoch, first: boolean): void {
		setTimeout(() => this.#draw(), drawMs);
		this.#release ??= hold('in-call');
		// After a reload, or when nobody pressed the button: now somebody waits to see and hear.
		if (this.devices.untried) void this.devices.openAgain();
		for (const member of epoch.roster)
			if (member !== epoch.me && member.role !== 'recorder')
				void this.options.pins.met(member.key, member.name);
		this.#countRecording(epoch.hasRecorder);
		if (epoch.hasRecorder && this.room.holding) this.#watchWithdrawal();
		void this.links.follow(first);
		this.#show();
	}

	/** Shows the call, unless it is over already. */
	#draw(): void {
		if (!this.room.epoch) return;
		if (this.phase === 'connecting' || this.phase === 'waiting') this.phase = 'in-call';
	}

	#withdrawnIn(epoch: Epoch): boolean {
		const keys = new Set(epoch.roster.map(keyName));
		return this.options.knowledge.receipts.receipts.some(
			({ type, subject }) => type === 'withdrawal' && keys.has(hexOf(subject)),
		);
	}

	#countRecording(on: boolean): void {
		clearInterval(this.#ticker);
		if (!this.#hadRecorder && on) this.#onBefore = 0;
		if (this.recording === 'ended' && on) this.#onBefore = 0;
		if (this.recording === 'on' && !on) this.#onBefore += performance.now() - this.#onSince;
		if (this.recording !== 'on' && on) this.#onSince = performance.now();
		this.#hadRecorder ||= on;
		const tick = (): void => {
			const now = on ? performance.now() - this.#onSince : 0;
			this.recordedMs = this.#onBefore + now;
		};
		tick();
		if (on) this.#ticker = setInterval(tick, 500);
		this.recording = on ? 'on' : this.#hadRecorder ? this.#told : 'off';
	}

	#show(): void {
		const { epoch, seats, leaves, entered } = this.room;
		this.online = this.options.socket.ready && entered;
		if (this.phase === 'connecting' && entered && !epoch) this.phase = 'waiting';
		if (!epoch) {
			this.roster = [];
			return;
		}
		const { pins, proven } = this.options;
		this.roster = epoch.roster.map((member) => {
			const me = member === epoch.me;
			const seat = seats.get(leaves[member.leaf] ?? '');
			const person = !me && member.role !== 'recorder';
			return {
				key: keyName(member),
				name: member.name,
				role: member.role,
				me,
				present: seat?.present ?? true,
				agreed: this.#consents.of(member),
				trust: person ? pins.label(member.key, member.name, proven(member.key)) : null,
				keyChanged: person && pins.changed(member.key, member.name),
			};
		});
	}

	async #onMessage(from: Member, message: CallMessage): Promise<void> {
		if (this.links.hear(from, message) || this.group.hear(from, message)) return;
		if (message.type === 'recording' && from.role === 'host') {
			this.#told = message.is;
			if (this.recording === 'paused' || this.recording === 'ended') this.recording = message.is;
		} else if (message.type === 'receipt') await this.hear(message.receipt);
	}

	/** Somebody consented or withdrew. After a withdrawal nothing is sealed here for the recorder any more. */
	async hear(receipt: SignedReceipt): Promise<void> {
		const { knowledge, onreceipt } = this.options;
		if (!(await knowledge.hear(receipt))) return;
		const { epoch } = this.room;
		const book = knowledge.receipts.receipts;
		const learned = book.find((one) => one.signed.text === receipt.text);
		const from = epoch?.roster.find(
			(member) => learned && keyName(member) === hexOf(learned.subject),
		);
		if (!learned || !from) return;
		const withdrawn = learned.type === 'withdrawal';
		if (withdrawn) {
			this.withdrawn = { key: keyName(from), name: from.name, at: Date.now() };
			if (epoch?.hasRecorder) this.room.hold();
			this.#watchWithdrawal();
		} else if (this.withdrawn?.key === keyName(from)) this.withdrawn = null;
		onreceipt?.(from, withdrawn);
		this.#show();
	}

	/** The withdrawer makes the epoch without the recorder; where she cannot, everybody else may. */
	#watchWithdrawal(): void {
		setTimeout(
			() => {
				if (this.room.epoch?.hasRecorder) void this.#withoutRecorder().catch(() => {});
			},
			600 + Math.random() * 400,
		);
	}

	#withoutRecorder(): Promise<void> {
		return this.room.change(() => {
			const recorder = this.room.epoch?.roster.find((member) => member.role === 'recorder');
			const seat = recorder && this.room.leaves[recorder.leaf];
			return seat === undefined ? undefined : { drop: [seat] };
		});
	}

	/** Signs a consent or a withdrawal of one's own and remembers it. Throws TypeError without a notice. */
	async sign(
		type: 'consent' | 'withdrawal',
		{ together, guardianOf, signedAs }: Company = alone,
	): Promise<SignedReceipt> {
		const { identity, session, hostKey, notice, knowledge } = this.options;
		if (!notice) throw new TypeError('nothing is asked in this session');
		const receipt = await signReceipt({
			subject: identity.signing,
			receipt: {
				session,
				hostKey,
				type,
				recorder: 'device',
				notice: await noticeDigest(notice),
				n: knowledge.receipts.next(identity.signing.publicKey),
				...(together && { together }),
				...(guardianOf !== '' && { guardianOf }),
				...(signedAs !== undefined && { signedAs, at: Date.now() }),
			},
		});
		await knowledge.hear(receipt);
		return receipt;
	}

	/** Withdraws: from this turn on nothing of this page is sealed for the recorder, and the next epoch is without it. */
	async withdraw(): Promise<void> {
		this.room.hold();
		const receipt = await this.sign('withdrawal');
		// Without a recorder nothing has to be held back; one that comes now is refused, or held when it crossed this.
		await this.room.release();
		const me = this.room.epoch?.me;
		if (me) this.withdrawn = { key: keyName(me), name: me.name, at: Date.now() };
		this.#told = 'ended';
		// Both at once: the others stop sealing, and the epoch without the recorder is under way.
		const told = this.links.sendAll({ type: 'receipt', receipt }).catch(() => {});
		this.act('withdrew');
		while (this.room.epoch?.hasRecorder && !this.isOver)
			await this.#withoutRecorder().catch(() => later(againMs));
		await told;
	}

	/** Agrees within the call, also after a withdrawal: of one's receipts the newest holds. */
	async agree(company: Company): Promise<void> {
		const receipt = await this.sign('consent', company);
		if (this.roster.some((row) => row.me && row.key === this.withdrawn?.key)) this.withdrawn = null;
		this.#show();
		await this.links.sendAll({ type: 'receipt', receipt });
	}

	/** Thirty digits of the epoch in force now; the same for everybody in it. */
	async digits(): Promise<string> {
		const { epoch } = this.room;
		return epoch ? safetyDigits(epoch.authenticator) : '';
	}

	async compared(key: string, match: boolean): Promise<void> {
		const member = this.room.epoch?.roster.find((one) => keyName(one) === key);
		if (!member) return;
		if (match) await this.options.pins.compared(member.key, member.name);
		else await this.options.pins.differed(member.key);
		this.#show();
	}

	/** Told by the host's own page. */
	told(is: 'paused' | 'ended'): void {
		this.#told = is;
		if (this.recording === 'paused' || this.recording === 'ended') this.recording = is;
		void this.links.sendAll({ type: 'recording', is }).catch(() => {});
	}

	act(act: Act): void {
		void this.options.socket.request({ type: 'act', act }, { repeat: true }).catch(() => {});
	}

	async leave(): Promise<void> {
		this.#over('left');
		await this.options.socket.request({ type: 'leave' }).catch(() => {});
		this.options.socket.close();
	}

	#over(why: 'removed' | 'ended' | 'replaced' | 'session-ended' | 'left'): void {
		if (this.isOver) return;
		this.phase = why === 'session-ended' ? 'ended' : why;
		this.options.onover?.();
		this.close();
	}

	/** Ends everything of this page: keys, connections, devices. */
	close(): void {
		clearInterval(this.#ticker);
		this.group.close();
		this.links.close();
		this.room.close();
		this.media.close();
		this.devices.close();
		this.#release?.();
		this.#release = undefined;
		if (this.phase !== 'left') this.options.socket.close();
	}
}

/** Between two tries to leave the recorder out, milliseconds. */
const againMs = 500;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function ignoreForgery(error: unknown): void {
	if (!(error instanceof CryptoError)) throw error;
}

const hexOf = (key: Bytes): string => keyName({ key });
