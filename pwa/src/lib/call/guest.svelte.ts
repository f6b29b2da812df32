import { type Bytes, equal, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type Notice, type SignedReceipt, verifyNotice } from '#crypto/consent/consent.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Identity, decodePublicIdentity, fingerprint } from '#crypto/identity/identity.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { sign } from '#crypto/identity/signing.ts';
import { type LinkFragment, decodeLinkFragment } from '#crypto/proof/fragment.ts';
import { confirmedHost, forgetHost } from '#lib/code/confirmed.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { presentAs, socketAddress } from '#lib/net/origin.ts';
import { Socket } from '#lib/net/socket.ts';
import { TabLock } from '#lib/net/tab.ts';
import { forgetHead, participantHeads } from '#lib/proof/participant.ts';
import { Config } from '#protocol/account.ts';
import { Claim, Place } from '#protocol/sessions.ts';
import { ringWhenLetIn } from './bell.svelte.ts';
import { Call, type CallOptions } from './call.svelte.ts';
import { Devices } from './devices.svelte.ts';
import { iceSource } from './ice.ts';
import { participantIdentity } from './identity.ts';
import { sealKnock } from './knock.ts';
import { Knowledge } from './knowledge.ts';
import { type NoteText, openNote, replyText } from './note.ts';
import { Pins } from './pins.ts';
import { provenHost } from './proven.ts';
import { forget, forgetAll } from './shelf.ts';
import { ring } from './sound.ts';
import { canSealFrames } from './transforms.ts';
import { type Company, alone, companyOf, sameCompany } from './view.ts';
import type { ProvenLevel } from './view.ts';

export type Stage =
	| 'loading'
	| 'old-browser'
	| 'insecure'
	| 'bad-link'
	| 'host-changed'
	| 'failed'
	| 'over'
	| 'other-tab'
	| 'asking'
	| 'visiting'
	| 'removed'
	| 'forgotten';

/** After a request that was not heard, milliseconds. */
const askAgainMs = 3000;

/** A participant's visit: from the link to the end of the call. */
export class Visit {
	stage = $state<Stage>('loading');
	failure = $state.raw<unknown>();
	place = $state.raw<Place | null>(null);
	notice = $state.raw<Notice | null>(null);
	noticeInvalid = $state(false);
	/** The answer to the question about recording; undefined while it is not given. */
	agreed = $state<boolean | undefined>(undefined);
	/** Whom the answer speaks for besides the one who gives it. */
	company = $state.raw<Company>(alone);
	/** What the host wrote while one waits. */
	notes = $state.raw<readonly NoteText[]>([]);
	/** Asked only when the link has no secret. */
	name = $state('');
	call = $state.raw<Call | null>(null);
	askedToDelete = $state(false);
	/** Whether a relay is there, so that one's network address can be hidden from the others. */
	canHide = $state(false);
	readonly devices = new Devices();
	readonly #id: string;
	#fragment: LinkFragment | null = null;
	/** What proved the host's keys. */
	#proven = $state<ProvenLevel>(0);
	#identity: Identity | undefined;
	#pins: Pins | undefined;
	#knowledge: Knowledge | undefined;
	#hostName = '';
	readonly #tab: TabLock;
	#claim: Claim | undefined;
	/** The answer that stands in the history. */
	#told: boolean | undefined;

	constructor(place: string) {
		this.#id = place;
		this.#tab = new TabLock(`seat ${place}`, () => this.#lost());
	}

	/** Whether a link or an access code proves for which place it was made. */
	get hasSecret(): boolean {
		return this.#proven > 0;
	}

	/** Checks browser, link and host before anything is asked. */
	async open(fragment: string): Promise<void> {
		if (!globalThis.isSecureContext) return this.#at('insecure');
		if (!canSealFrames()) return this.#at('old-browser');
		try {
			if (fragment.length > 1) this.#fragment = decodeLinkFragment(fragment);
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
			return this.#at('bad-link');
		}
		await this.again();
	}

	/** Reads the place; called again after a failure. */
	async again(): Promise<void> {
		this.#at('loading');
		try {
			const place = await fetchJson(Place, { path: `/api/places/${this.#id}`, open: true });
			this.place = place;
			this.canHide = (await fetchJson(Config, { path: '/api/config', open: true })).relay;
			if (place.state === 'ended') return this.#at('over');
			const host = decodePublicIdentity(place.host.publicIdentity);
			const mark = await fingerprint(host);
			const coded = await confirmedHost(this.#id);
			const proven = provenHost({ mark, linked: this.#fragment?.hostFingerprint, coded });
			if (proven === undefined) return this.#at('host-changed');
			this.#proven = proven;
			this.#hostName = toBase64url(mark);
			await this.#readNotice(place, host.ed25519);
			await this.#takeTab(false);
		} catch (error) {
			this.failure = error;
			this.#at('failed');
		}
	}

	async #readNotice(place: Place, hostKey: Bytes): Promise<void> {
		if (!place.notice) return;
		try {
			this.notice = await verifyNotice({ signed: place.notice, hostKey, session: place.session });
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
			this.noticeInvalid = true;
		}
	}

	/** One tab at a time holds the seat: two would answer for one person. */
	async #takeTab(steal: boolean): Promise<void> {
		if (await this.#tab.take(steal)) await this.#meet();
		else this.#at('other-tab');
	}

	/** The other tab lets go; this one goes on. */
	async useHere(): Promise<void> {
		await this.#takeTab(true);
	}

	#lost(): void {
		if (this.call) {
			this.call.close();
			this.call.phase = 'replaced';
		} else this.#at('other-tab');
	}

	async #meet(): Promise<void> {
		const { place } = this;
		if (!place) return;
		this.#identity = await participantIdentity(this.#hostName);
		this.#pins = await Pins.open(this.#hostName, place.session);
		this.#knowledge = await Knowledge.open({
			owner: this.#hostName,
			session: place.session,
			notice: this.notice ? place.notice : null,
		});
		const mine = this.#knowledge.receipts.latest(this.#identity.signing.publicKey);
		if (mine) {
			this.agreed = mine.type === 'consent';
			this.company = companyOf(mine);
		}
		this.#at('asking');
		this.devices.remember(place.session);
		void this.devices.openIfAllowed();
		await this.#next();
	}

	async answer(agree: boolean, company: Company = alone): Promise<void> {
		this.agreed = agree;
		this.company = agree ? company : alone;
		await this.#next();
	}

	/** Before the call the answer may be changed; a consent that is taken back is a withdrawal. */
	async changeAnswer(): Promise<void> {
		const { agreed, call } = this;
		this.agreed = undefined;
		// From here on she has not agreed, also when she is let in before she answers again.
		if (!agreed || !call) return;
		await call.sign('withdrawal');
		await call.room.reenter();
	}

	async giveName(name: string): Promise<void> {
		this.name = name.trim();
		await this.#next();
	}

	/** Knocks by itself as soon as everything that is asked was answered. */
	async #next(): Promise<void> {
		if (this.notice && this.agreed === undefined) return;
		if (!this.hasSecret && this.name === '') return;
		if (this.call) {
			await this.#settle(this.call);
			return this.call.room.reenter();
		}
		try {
			this.call = await this.#visit();
			this.#at('visiting');
		} catch (error) {
			this.failure = error;
			this.#at(isApiError(error, 'forbidden', 'gone') ? 'removed' : 'failed');
		}
	}

	async #visit(): Promise<Call> {
		const { place } = this;
		if (!place || !this.#identity || !this.#pins || !this.#knowledge)
			throw new TypeError('the place was read before');
		const identity = this.#identity;
		presentAs(async (fresh) => (await this.#seat(fresh)).token);
		const { seat } = await this.#seat(true);
		const host = decodePublicIdentity(place.host.publicIdentity);
		const call: Call = new Call({
			session: place.session,
			seat,
			isHost: false,
			identity,
			hostKey: host.ed25519,
			notice: this.notice ? place.notice : null,
			socket: new Socket({
				address: socketAddress(),
				token: async (fresh) => (await this.#seat(fresh)).token,
			}),
			knowledge: this.#knowledge,
			pins: this.#pins,
			devices: this.devices,
			config: iceSource(),
			enter: (one) => this.#knock(one, place),
			onentered: () => this.#tell(call),
			proven: (key) => (equal(key, host.ed25519) ? this.#proven : 0),
		});
		call.group.heads = participantHeads(this.#hostName);
		await this.#settle(call);
		this.#hearNotes(call);
		ringWhenLetIn(call);
		return call;
	}

	async #seat(fresh: boolean): Promise<Claim> {
		if (this.#claim && !fresh) return this.#claim;
		const identity = this.#identity;
		if (!identity) throw new TypeError('there is an identity');
		const { publicKey } = identity.signing;
		const signature = await sign(identity.signing, 'sotto/claim/v1', utf8(this.#id));
		const body = { publicKey: toBase64url(publicKey), signature: toBase64url(signature) };
		const path = `/api/places/${this.#id}/claims`;
		this.#claim = await fetchJson(Claim, { method: 'POST', path, body, open: true });
		return this.#claim;
	}

	/** Signs what was answered, where it differs from what was signed before. */
	async #settle(call: Call): Promise<void> {
		if (!this.notice || !this.#knowledge || !this.#identity) return;
		const latest = this.#knowledge.receipts.latest(this.#identity.signing.publicKey);
		const consents = latest?.type === 'consent';
		const same = latest && sameCompany(companyOf(latest), this.company);
		if (this.agreed && !(consents && same)) await call.sign('consent', this.company);
		if (!this.agreed && consents) await call.sign('withdrawal');
	}

	/** Reads what the host writes to whoever waits. */
	#hearNotes({ options }: Call): void {
		options.socket.listen((message) => {
			if (message.type === 'relay') void this.#hearNote(options, message.body);
		});
	}

	async #hearNote({ session, seat, identity, hostKey }: CallOptions, body: string): Promise<void> {
		try {
			const note = await openNote({ session, seat, identity, hostKey, body });
			if (!note || this.notes.some(({ at }) => at === note.at)) return;
			this.notes = [...this.notes, note];
			ring();
		} catch (error) {
			// Not by the host, or altered: it is nothing.
			if (!(error instanceof CryptoError)) throw error;
		}
	}

	/** The answer stands in the history once. */
	#tell(call: Call): void {
		if (!this.notice || this.agreed === undefined || this.agreed === this.#told) return;
		this.#told = this.agreed;
		call.act(this.agreed ? 'consented' : 'declined');
		if (this.agreed && this.notice.part2) call.act('part2-consent');
	}

	async #knock(call: Call, place: Place) {
		const [keyPackage] = await call.store.make(1);
		if (!keyPackage || !this.#identity) throw new TypeError('one package was made');
		const mine = this.#knowledge?.receipts.latest(this.#identity.signing.publicKey);
		const receipt: SignedReceipt | null = mine?.signed ?? null;
		const { sealed, proof } = await sealKnock({
			session: place.session,
			place: place.place,
			keyPackage,
			host: decodePublicIdentity(place.host.publicIdentity),
			secret: this.#fragment?.secret ?? null,
			text: {
				name: this.name === '' ? null : this.name,
				receipt,
				agreed: this.notice ? (this.agreed ?? null) : null,
				reply: replyText(this.#identity.publicIdentity.x25519),
			},
		});
		return { type: 'knock' as const, keyPackage: toBase64url(keyPackage), sealed, proof };
	}

	/** Agrees in the call, where everybody hears of it at once. */
	async agreeInCall(company: Company): Promise<void> {
		const { call } = this;
		if (!call) return;
		[this.agreed, this.company, this.#told] = [true, company, undefined];
		await call.agree(company);
		this.#tell(call);
	}

	/** Withdraws in the call; with `alsoDelete` asks for what was recorded to be deleted. */
	async withdraw(alsoDelete: boolean): Promise<void> {
		this.agreed = false;
		const withdrawn = this.call?.withdraw();
		if (alsoDelete) await this.#askUntilHeard();
		await withdrawn;
	}

	/** A wish to delete is not lost to a bad line: it is said again until the server has it. */
	async #askUntilHeard(): Promise<void> {
		while (!this.askedToDelete) {
			try {
				await this.#askToDelete();
			} catch (error) {
				if (!isApiError(error, 'offline', 'internal', 'slow-down')) {
					this.failure = error;
					return;
				}
				await new Promise((resolve) => setTimeout(resolve, askAgainMs));
			}
		}
	}

	async #askToDelete(): Promise<void> {
		const { place } = this;
		const identity = this.#identity;
		if (!place || !identity) return;
		const value = {
			v: 1,
			session: place.session,
			subject: toBase64url(identity.signing.publicKey),
			at: Date.now(),
		};
		const key = identity.signing;
		const signed = await signJson({ key, context: 'sotto/deletion-request/v1', value });
		await request({ method: 'POST', path: '/api/deletion-requests', body: { request: signed } });
		this.askedToDelete = true;
	}

	/** After leaving: takes the seat again. */
	async rejoin(): Promise<void> {
		this.call = null;
		await this.again();
		if (this.stage === 'asking') await this.#next();
	}

	/** Deletes the keys and what was remembered of people; the link can be used again, as somebody new. */
	async forgetMe(): Promise<void> {
		this.call?.close();
		await this.#pins?.clear();
		await forget(`identity ${this.#hostName}`);
		await forgetHead(this.#hostName);
		await forgetHost(this.#id);
		await forgetAll(`call ${this.#hostName} `);
		this.devices.forget();
		this.#tab.release();
		this.#at('forgotten');
	}

	close(): void {
		this.call?.close();
		this.devices.close();
		this.#tab.release();
	}

	#at(stage: Stage): void {
		this.stage = stage;
	}
}
