import { createStore, del, get, set } from 'idb-keyval';
import * as v from 'valibot';
import type { Identity } from '#crypto/identity/identity.ts';
import { StoredIdentity, kept } from '#lib/call/shelf.ts';
import { nameHere } from '#lib/net/home.ts';

/** Where a recipient's browser keeps the key that only one share is sealed to. */
export interface DeviceShelf {
	read(share: string): Promise<Identity | undefined>;
	/** The key that this browser has in calls with somebody, named by the base64url of her fingerprint. */
	met(person: string): Promise<Identity | undefined>;
	keep(share: string, identity: Identity): Promise<void>;
	forget(share: string): Promise<void>;
}

/** This browser's IndexedDB. */
export function browserShelf(): DeviceShelf {
	const store = createStore(nameHere('sotto-share'), 'devices');
	return {
		async read(share) {
			const found = v.safeParse(StoredIdentity, await get(share, store));
			return found.success ? found.output : undefined;
		},
		met: (person) => kept(`identity ${person}`, StoredIdentity),
		keep: (share, identity) => set(share, identity, store),
		forget: (share) => del(share, store),
	};
}
