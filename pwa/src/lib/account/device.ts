import * as v from 'valibot';
import { type Bytes, random, utf8, toBase64url } from '#crypto/bytes.ts';
import { type SigningKey, generateSigningKey, sign } from '#crypto/identity/signing.ts';
import { db } from '#lib/db/db.ts';
import { fetchJson } from '#lib/net/api.ts';
import { Challenge, Token, tokenText } from '#protocol/account.ts';
import { Signed } from '#protocol/text.ts';

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
	memberList: Signed,
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

export async function forgetDevice(): Promise<void> {
	await db.devices.clear();
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

/** A token of 15 minutes for a signature over the server's nonce. Throws `ApiError`: `locked`, `token`. */
export async function fetchToken(device: Device): Promise<v.InferOutput<typeof Token>> {
	const { nonce } = await fetchJson(Challenge, {
		method: 'POST',
		path: '/api/device/challenge',
		body: { device: device.device },
		open: true,
	});
	const { origin } = location;
	const text = tokenText({ origin, scope: 'staff', nonce });
	const signature = toBase64url(await sign(device.signing, 'sotto/token/v1', utf8(text)));
	const body = { device: device.device, nonce, origin, scope: 'staff', signature };
	return fetchJson(Token, { method: 'POST', path: '/api/device/token', body, open: true });
}
