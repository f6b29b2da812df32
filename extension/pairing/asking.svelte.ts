import { equal } from '#crypto/bytes.ts';
import { shortCode } from '#crypto/presence/code.ts';
import {
	confirmOffer,
	dropOffer,
	type Offer,
	offerMs,
	onPairingsChanged,
	readOffer,
	readPairing,
} from './store.ts';

/** What became of the offer that this window asks about. */
type State = 'looking' | 'asking' | 'confirmed' | 'differs' | 'paired' | 'gone';

/** A click that was on its way to something else when the window came up is no answer. */
const restMs = 1_000;
/** How often the window looks what became of its offer: nobody tells it that the page gave up. */
const lookMs = 1_000;

/** The offer in the address of this window. */
export class Asking {
	state = $state<State>('looking');
	offer = $state.raw<Offer>();
	code = $state('');
	/** Whether it takes an answer. */
	ready = $state(false);

	constructor() {
		onPairingsChanged(() => void this.#look());
	}

	async start(): Promise<void> {
		const offer = await readOffer(this.#id);
		if (!offer) {
			this.state = 'gone';
			return;
		}
		const { origin, practice, member, identity, signing, presence } = offer;
		this.code = await shortCode({
			origin,
			practice,
			member,
			identity,
			publicKey: signing.publicKey,
			presenceKey: presence.publicKey,
		});
		this.offer = offer;
		this.state = offer.confirmed ? 'confirmed' : 'asking';
		setTimeout(() => (this.ready = true), restMs);
		setInterval(() => void this.#look(), lookMs);
	}

	/** The user sees the same code on both. */
	async confirm(): Promise<void> {
		this.state = (await confirmOffer(this.#id)) ? 'confirmed' : 'gone';
	}

	/** The keys go, so that nothing can be finished. */
	async refuse(): Promise<void> {
		this.state = 'differs';
		await dropOffer(this.#id);
	}

	/** The user does not wait for the page any longer. */
	async giveUp(): Promise<void> {
		await dropOffer(this.#id);
		await this.#look();
	}

	get #id(): string {
		return new URL(location.href).searchParams.get('offer') ?? '';
	}

	async #look(): Promise<void> {
		if (!this.offer) return;
		const { practice, signing, madeAt } = this.offer;
		const open = await readOffer(this.#id);
		const paired = await readPairing(practice);
		if (this.state === 'differs') return;
		if (paired && equal(paired.signing.publicKey, signing.publicKey)) this.state = 'paired';
		else if (!open || Date.now() - madeAt >= offerMs) this.state = 'gone';
	}
}
