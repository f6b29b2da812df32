import * as v from 'valibot';
import type { AccountKey } from '#crypto/account/key.ts';
import { unwrapForDevice, wrapForDevice } from '#crypto/account/unlock.ts';
import { type Bytes, fromBase64url, random } from '#crypto/bytes.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { forgetCodes } from '#lib/code/shelf.ts';
import { forgetCopies } from '#lib/copies/rows.ts';
import { db } from '#lib/db/db.ts';
import type { SignedIn } from '#protocol/account.ts';
import { SignedList } from '#protocol/text.ts';

const OwnBytes = v.custom<Bytes>((value) => value instanceof Uint8Array);

/** This browser as a device of one member. */
const Device = v.strictObject({
	id: v.literal('this'),
	/** Its id on the server. */
	device: v.string(),
	/** Whose it is. */
	member: v.string(),
	email: v.string(),
	/** Private half non-extractable. */
	signing: v.strictObject({ publicKey: OwnBytes, privateKey: v.instance(CryptoKey) }),
	/** Our half of the key that wraps the account key here. */
	secret: OwnBytes,
	/** The account key, wrapped; gone after Lock. */
	wrapped: v.optional(OwnBytes),
	/** OPAQUE key of the server, pinned at the first sign-in. */
	serverKey: v.string(),
	/** The newest member list that was seen. */
	memberList: SignedList,
	/** Members whose keys changed since, until somebody has seen it. */
	keyChanges: v.optional(v.array(v.string())),
	/** The recovery key under the account key, until somebody said that it is saved. */
	unsaved: v.optional(OwnBytes),
});
export type Device = v.InferOutput<typeof Device>;

/** This browser's device, when somebody is signed in here. */
export async function readDevice(): Promise<Device | undefined> {
	const row = await db.devices.get('this');
	const parsed = v.safeParse(Device, row);
	return parsed.success ? parsed.output : undefined;
}

export async function writeDevice(device: Device): Promise<void> {
	await db.devices.put(device);
}

/** Also what this browser has of her access codes, and her offline copies. */
export async function forgetDevice(): Promise<void> {
	const device = await readDevice();
	await db.devices.clear();
	await db.policies.clear();
	await db.shelves.clear();
	await forgetCopies();
	if (device) await forgetCodes(device.member);
}

/** A key for a browser that was not seen before. */
export async function newDeviceKey(): Promise<SigningKey> {
	return generateSigningKey();
}

export const newDeviceSecret = (): Bytes => random(32);

/** What the list of devices calls this browser. */
export function deviceName(): string {
	const system = /Windows|Android|iPhone|iPad|Mac OS|CrOS|Linux/.exec(navigator.userAgent)?.[0];
	const browser = /Edg|OPR|Chrome|Firefox|Safari/.exec(navigator.userAgent)?.[0] ?? 'Browser';
	const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' };
	return [names[browser] ?? browser, system].filter(Boolean).join(', ');
}

/** The account key, wrapped so that it opens here only, with the half that the server gives out. */
export async function wrapHere(options: {
	accountKey: AccountKey;
	signedIn: SignedIn;
	/** The half that stays here. */
	secret: Bytes;
}): Promise<Bytes> {
	const { accountKey, signedIn, secret } = options;
	return wrapForDevice({
		account: signedIn.member.id,
		device: signedIn.device,
		deviceSecret: secret,
		serverHalf: fromBase64url(signedIn.half),
		accountKey,
	});
}

/** Opens what `wrapHere` made. Throws `open-failed`, also when the server gives another half. */
export async function unwrapHere(options: {
	device: Device;
	wrapped: Bytes;
	signedIn: SignedIn;
}): Promise<AccountKey> {
	const { device, wrapped, signedIn } = options;
	return unwrapForDevice({
		account: device.member,
		device: device.device,
		deviceSecret: device.secret,
		serverHalf: fromBase64url(signedIn.half),
		wrapped,
	});
}
