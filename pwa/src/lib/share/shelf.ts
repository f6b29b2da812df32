import { createStore, del, get, set } from 'idb-keyval';
import * as v from 'valibot';
import type { Identity } from '#crypto/identity/identity.ts';
import { nameHere } from '#lib/net/home.ts';

/** Where a recipient's browser keeps the key that only one share is sealed to. */
export interface DeviceShelf {
	read(share: string): Promise<Identity | undefined>;
	keep(share: string, identity: Identity): Promise<void>;
	forget(share: string): Promise<void>;
}

const StoredBytes = v.instance(Uint8Array<ArrayBuffer>);
/** Its private halves are CryptoKeys that cannot be exported. */
const StoredIdentity = v.object({
	publicIdentity: v.object({ ed25519: StoredBytes, x25519: StoredBytes }),
	signing: v.object({ publicKey: StoredBytes, privateKey: v.instance(CryptoKey) }),
	x25519: v.instance(CryptoKey),
});

/** This browser's IndexedDB. */
export function browserShelf(): DeviceShelf {
	const store = createStore(nameHere('sotto-share'), 'devices');
	return {
		async read(share) {
			const kept = v.safeParse(StoredIdentity, await get(share, store));
			return kept.success ? kept.output : undefined;
		},
		keep: (share, identity) => set(share, identity, store),
		forget: (share) => del(share, store),
	};
}
