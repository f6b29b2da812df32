import type { PresenceDevice } from '../../signaling/protocol/presence.ts';
import { presenceDeviceText } from '../../signaling/protocol/presence.ts';
import type { Staff } from '../staff.ts';
import { signWith } from '../wire.ts';
import { type ExtensionBrowser, pageOf } from './browser.ts';

declare global {
	interface Window {
		pairs: { signing: CryptoKeyPair; presence: CryptoKeyPair };
	}
}

export interface Paired {
	/** Id of the extension at the practice. */
	readonly device: string;
	/** X25519, base64url. */
	readonly presenceKey: string;
}

/** Makes the extension's keys in one of its own pages; gives the public halves. */
async function makeKeys(): Promise<Pick<PresenceDevice, 'publicKey' | 'presenceKey'>> {
	const make = async (algorithm: 'Ed25519' | 'X25519', usages: KeyUsage[]) => {
		const pair = await crypto.subtle.generateKey(algorithm, false, usages);
		if (!('publicKey' in pair)) throw new TypeError('a pair was asked for');
		return pair;
	};
	const signing = await make('Ed25519', ['sign', 'verify']);
	const presence = await make('X25519', ['deriveBits']);
	window.pairs = { signing, presence };
	const text = async ({ publicKey }: CryptoKeyPair) => {
		const { x } = await crypto.subtle.exportKey('jwk', publicKey);
		return x ?? '';
	};
	return { publicKey: await text(signing), presenceKey: await text(presence) };
}

/** Writes the row as extension/pairing/store.ts does, and says so. */
async function writeRow(row: {
	practice: string;
	practiceName: string;
	origin: string;
	member: string;
	memberName: string;
	identity: string;
	device: string;
}): Promise<void> {
	const bytes = (text: string): Uint8Array =>
		Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
	const pair = async ({ publicKey, privateKey }: CryptoKeyPair) => ({
		publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)),
		privateKey,
	});
	const { signing, presence } = window.pairs;
	const whole = {
		...row,
		identity: bytes(row.identity),
		signing: await pair(signing),
		presence: await pair(presence),
		pairedAt: Date.now(),
	};
	// Dexie counts its versions in tens.
	const opening = indexedDB.open('pairing', 10);
	const db = await new Promise<IDBDatabase>((resolve, reject) => {
		opening.addEventListener('success', () => resolve(opening.result));
		opening.addEventListener('error', () => reject(new Error('no database')));
	});
	const transaction = db.transaction('pairings', 'readwrite');
	transaction.objectStore('pairings').put(whole);
	await new Promise((resolve) => transaction.addEventListener('complete', resolve));
	db.close();
	const { practice, device } = row;
	await chrome.storage.local.set({ pairings: [{ practice, device, at: Date.now() }] });
}

/** Pairs the extension with a practice without its pages: the same rows, the same keys. `origin`: of the server, when it is reached another way. */
export async function pairByHand(
	browser: Pick<ExtensionBrowser, 'context'>,
	staff: Staff,
	origin = staff.address,
): Promise<Paired> {
	const page = await browser.context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	const keys = await page.evaluate(makeKeys);
	const { practice, member } = staff.signedIn;
	const text = presenceDeviceText({ practice: practice.id, member: member.id, ...keys });
	const certificate = signWith(staff.identity, 'sotto/presence-device/v1', text);
	const body = { ...keys, name: 'Chrome on Linux', certificate };
	const made = await staff.call('POST', '/api/presence/devices', body);
	if (made.status !== 201) throw new Error(`not paired: ${made.status} ${made.body.error}`);
	const { device } = made.body;
	await page.evaluate(writeRow, {
		practice: practice.id,
		practiceName: practice.name,
		origin,
		member: member.id,
		memberName: member.name,
		identity: staff.identity.publicKey,
		device,
	});
	await page.close();
	return { device, presenceKey: keys.presenceKey };
}
