import { Dexie, type Table } from 'dexie';
import * as v from 'valibot';
import type { Bytes } from '#crypto/bytes.ts';
import { Id, Time } from '#protocol/text.ts';
import { api } from '../chrome.ts';

const Key32 = v.custom<Bytes>((value) => value instanceof Uint8Array && value.length === 32);
/** A CryptoKey that cannot be exported: pages and the service worker of this extension can use it, nobody can read it. */
const PrivateKey = v.pipe(
	v.instance(CryptoKey),
	v.check((key) => key.type === 'private' && !key.extractable),
);
const KeyPair = v.strictObject({ publicKey: Key32, privateKey: PrivateKey });

/** What a page of a practice said of itself, and the keys that were made for it. */
const Paired = v.strictObject({
	/** Id of the practice. */
	practice: Id,
	/** Of its server, like https://visit.example.org. */
	origin: v.string(),
	practiceName: v.string(),
	/** Id of the member who is told who waits. */
	member: Id,
	memberName: v.string(),
	/** Her Ed25519 key as pairing pinned it: names that it signed are true. */
	identity: Key32,
	/** Ed25519: signs the server's nonces. */
	signing: KeyPair,
	/** X25519: opens names. */
	presence: KeyPair,
});
const Pairing = v.strictObject({
	...Paired.entries,
	/** Id of this extension on the practice's list. */
	device: Id,
	/** By this machine's clock. */
	pairedAt: Time,
});
/** A practice that this browser is paired with. */
export type Pairing = v.InferOutput<typeof Pairing>;

/** Who has not compared the codes by then begins again. */
export const offerMs = 10 * 60_000;

const Offer = v.strictObject({
	...Paired.entries,
	id: v.string(),
	/** The user has compared the codes and said yes. */
	confirmed: v.boolean(),
	madeAt: Time,
});
/** A pairing that nobody has confirmed, or that the page has not finished. */
export type Offer = v.InferOutput<typeof Offer>;

/** CryptoKeys live here only: `storage` would keep an empty object in their place. */
class Database extends Dexie {
	declare readonly pairings: Table<unknown, string>;
	declare readonly offers: Table<unknown, string>;

	constructor() {
		super('pairing');
		this.version(1).stores({ pairings: 'practice', offers: 'id, origin' });
	}
}
const db = new Database();

/** Tells every context of the extension, also a service worker that sleeps. No secret is in it. */
const changedKey = 'pairings';
async function tell(): Promise<void> {
	const rows = await listPairings();
	const known = rows.map(({ practice, device }) => ({ practice, device }));
	await api.storage.local.set({ [changedKey]: known });
}

/** Rows of this version; what an older version wrote and cannot be read is as if it were not there. */
const readable = <S extends v.GenericSchema>(schema: S, rows: unknown[]): v.InferOutput<S>[] =>
	rows.flatMap((row) => {
		const parsed = v.safeParse(schema, row);
		return parsed.success ? [parsed.output] : [];
	});

/** All practices that this browser is paired with, in the order of pairing. */
export async function listPairings(): Promise<Pairing[]> {
	const rows = readable(Pairing, await db.pairings.toArray());
	return rows.toSorted((a, b) => a.pairedAt - b.pairedAt);
}

/** The pairing with a practice. */
export async function readPairing(practice: string): Promise<Pairing | undefined> {
	return readable(Pairing, [await db.pairings.get(practice)])[0];
}

/** Calls back whenever a practice was paired or unpaired; wakes the service worker when it registered this at its start. */
export function onPairingsChanged(listener: () => void): void {
	api.storage.local.onChanged.addListener((changes) => {
		if (changedKey in changes) listener();
	});
}

/** Keeps a pairing; it takes the place of the one before with the same practice. */
export async function writePairing(pairing: Pairing): Promise<void> {
	await db.pairings.put(v.parse(Pairing, pairing));
	await tell();
}

/** Forgets a practice with its keys. */
export async function forgetPairing(practice: string): Promise<void> {
	await db.pairings.delete(practice);
	await tell();
}

/** An offer that is open. */
export async function readOffer(id: string): Promise<Offer | undefined> {
	return readable(Offer, [await db.offers.get(id)])[0];
}

/** Keeps an offer; it takes the place of every other of its origin. */
export async function writeOffer(offer: Offer): Promise<void> {
	await db.transaction('rw', db.offers, async () => {
		await db.offers.where('origin').equals(offer.origin).delete();
		await db.offers.put(v.parse(Offer, offer));
	});
}

/** The user said yes. False when the offer is gone. */
export async function confirmOffer(id: string): Promise<boolean> {
	const changed = await db.offers.where('id').equals(id).modify({ confirmed: true });
	return changed === 1;
}

/** The offer with its keys is gone. */
export async function dropOffer(id: string): Promise<void> {
	await db.offers.delete(id);
}

/** All that are open. */
export async function listOffers(): Promise<Offer[]> {
	return readable(Offer, await db.offers.toArray());
}

/** Those that were made before this moment are gone. */
export async function dropOffersBefore(time: number): Promise<void> {
	const old = (await listOffers()).flatMap(({ id, madeAt }) => (madeAt < time ? [id] : []));
	await db.offers.bulkDelete(old);
}
