import * as v from 'valibot';
import { Bytes32, Count, Id, line } from './text.ts';

/**
 * What a page of a practice says to the browser extension, by `runtime.sendMessage` with the extension's id,
 * and what is answered. A page learns of its own practice's pairings only.
 *
 * Pairing: `offer` makes keys in the extension and opens its own page, which shows the code that the page shows
 * too; `state` tells when the user has confirmed it there; then the page certifies the keys, puts them on the
 * practice's list (NewPresenceDevice) and says under which id in `finish`.
 */
export const PageAsk = v.variant('type', [
	v.strictObject({ type: v.literal('hello'), ...serverOf() }),
	v.strictObject({
		type: v.literal('offer'),
		...serverOf(),
		practice: v.strictObject({ id: Id, name: line(120) }),
		member: v.strictObject({ id: Id, name: line(120) }),
		/** Ed25519 of the member: the extension believes what it signed. */
		identity: Bytes32,
	}),
	v.strictObject({ type: v.literal('state'), ...serverOf(), offer: Id }),
	v.strictObject({ type: v.literal('finish'), ...serverOf(), offer: Id, device: Id }),
	v.strictObject({ type: v.literal('cancel'), ...serverOf(), offer: Id }),
]);
export type PageAsk = v.InferOutput<typeof PageAsk>;

/** Origin of the server that the page belongs to: its own, but for the app out of the extension's package. */
function serverOf() {
	return { server: line(255) };
}

export const HelloAnswer = v.strictObject({
	/** As `protocolVersion`. */
	version: Count,
	/** Pairings with the server of the asking page. */
	paired: v.array(v.strictObject({ practice: Id, member: Id, device: Id })),
});
export type HelloAnswer = v.InferOutput<typeof HelloAnswer>;

/** What `offer` is answered with. */
export const OfferMade = v.strictObject({
	offer: Id,
	/** Ed25519. */
	publicKey: Bytes32,
	/** X25519. */
	presenceKey: Bytes32,
});

/**
 * `elsewhere`: the browser is paired with a practice of this id at another address, which no page can take over.
 * `busy`: the user is being asked about another address right now. `later`: pages of this address asked too often.
 */
export const OfferRefused = v.strictObject({ refused: v.picklist(['elsewhere', 'busy', 'later']) });

export const OfferAnswer = v.union([OfferMade, OfferRefused]);
export type OfferAnswer = v.InferOutput<typeof OfferAnswer>;

/** `gone`: the user said no, or too much time passed. The answer to `state`, `finish` and `cancel`. */
export const OfferState = v.strictObject({
	state: v.picklist(['asking', 'confirmed', 'paired', 'gone']),
});
export type OfferState = v.InferOutput<typeof OfferState>['state'];
