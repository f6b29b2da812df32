import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { generateX25519 } from '#crypto/identity/x25519.ts';
import {
	type HelloAnswer,
	type OfferAnswer,
	type OfferState,
	type PageAsk,
} from '#protocol/pairing.ts';
import { protocolVersion } from '#protocol/version.ts';
import { type Limit, mayAgain, startAgain } from '../background/often.ts';
import { turns } from '../background/turns.ts';
import { closePairPages, isAsked, openPairPage } from './window.ts';
import {
	dropOffer,
	dropOffersBefore,
	listOffers,
	listPairings,
	type Offer,
	offerMs,
	readOffer,
	readPairing,
	writeOffer,
	writePairing,
} from './store.ts';

/** A window that was just opened shows its page within this time. */
const openingMs = 3_000;
/** A page may bring up so many windows until the user wants one of them. */
const windows: Limit = { of: 'offer', times: 5, withinMs: 10 * 60_000 };

/** Offers are made and finished one after another: each on what the one before it left. */
const inTurn = turns();

type Of<Type extends PageAsk['type']> = Extract<PageAsk, { type: Type }>;

/** The practices of this server that are paired: no page learns of another's. */
export async function hello(server: string): Promise<HelloAnswer> {
	const paired = (await listPairings())
		.filter(({ origin }) => origin === server)
		.map(({ practice, member, device }) => ({ practice, member, device }));
	return { version: protocolVersion, paired };
}

/** Whether the browser is paired with this practice at another address: a server that names it must not take its place. */
async function isElsewhere(server: string, practice: string): Promise<boolean> {
	const paired = await readPairing(practice);
	return paired !== undefined && paired.origin !== server;
}

/** Whether the user sees this offer's window, or is about to. */
const isOpen = async ({ id, madeAt }: Offer): Promise<boolean> =>
	Date.now() - madeAt < openingMs || isAsked(id);

/** Whether the user is being asked about another address. */
async function isBusy(server: string): Promise<boolean> {
	const others = (await listOffers()).filter(({ origin }) => origin !== server);
	const open = await Promise.all(others.map(isOpen));
	return open.includes(true);
}

/** Makes keys for a page that wants to pair, and asks the user in a page of ours. */
export const takeOffer = (server: string, asked: Of<'offer'>): Promise<OfferAnswer> =>
	inTurn(async () => {
		await dropOffersBefore(Date.now() - offerMs);
		if (await isElsewhere(server, asked.practice.id)) return { refused: 'elsewhere' };
		if (await isBusy(server)) return { refused: 'busy' };
		if (!(await mayAgain(server, windows))) return { refused: 'later' };
		return make(server, asked);
	});

async function make(server: string, asked: Of<'offer'>): Promise<OfferAnswer> {
	const [signing, presence] = await Promise.all([generateSigningKey(), generateX25519()]);
	const offer: Offer = {
		id: toBase64url(random(16)),
		origin: server,
		practice: asked.practice.id,
		practiceName: asked.practice.name,
		member: asked.member.id,
		memberName: asked.member.name,
		identity: fromBase64url(asked.identity),
		signing,
		presence,
		confirmed: false,
		madeAt: Date.now(),
	};
	await writeOffer(offer);
	await closePairPages();
	await openPairPage(offer.id);
	return {
		offer: offer.id,
		publicKey: toBase64url(signing.publicKey),
		presenceKey: toBase64url(presence.publicKey),
	};
}

/** An offer of this server that is not too old. */
async function offerOf(server: string, id: string): Promise<Offer | undefined> {
	const offer = await readOffer(id);
	if (offer?.origin !== server || Date.now() - offer.madeAt > offerMs) return undefined;
	return offer;
}

export async function stateOf(server: string, id: string): Promise<OfferState> {
	const offer = await offerOf(server, id);
	if (!offer) return 'gone';
	if (offer.confirmed) return 'confirmed';
	if (await isOpen(offer)) return 'asking';
	// Who closed the window has answered too.
	await dropOffer(id);
	return 'gone';
}

/** The page has put the keys on the practice's list. What the user has not confirmed is not finished. */
export const finish = (server: string, asked: Of<'finish'>): Promise<OfferState> =>
	inTurn(async () => {
		const offer = await offerOf(server, asked.offer);
		if (!offer?.confirmed) return offer ? 'asking' : 'gone';
		await startAgain(server, windows);
		const { id, confirmed: _, madeAt: _made, ...paired } = offer;
		const free = !(await isElsewhere(server, paired.practice));
		if (free) await writePairing({ ...paired, device: asked.device, pairedAt: Date.now() });
		await dropOffer(id);
		return free ? 'paired' : 'gone';
	});

/** The page does not want it any more. */
export async function cancel(server: string, id: string): Promise<OfferState> {
	if (await offerOf(server, id)) {
		await dropOffer(id);
		await closePairPages();
	}
	return 'gone';
}
