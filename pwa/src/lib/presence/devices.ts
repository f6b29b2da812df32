import { fromBase64url } from '#crypto/bytes.ts';
import { memberOf } from '#crypto/members/members.ts';
import { isCertified } from '#crypto/presence/certificate.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { type PresenceDevice, PresenceDevices } from '#protocol/presence.ts';

/** A paired extension, and whether its member's identity vouches for its keys: the server can list any. */
export interface Listed extends PresenceDevice {
	readonly certified: boolean;
}

async function check(device: PresenceDevice): Promise<Listed> {
	const { member, publicKey, presenceKey, certificate } = device;
	const own = member === account.member.id;
	const identity = own
		? account.identity.publicIdentity
		: memberOf(account.members, member)?.publicIdentity;
	const certified =
		identity !== undefined &&
		(await isCertified(identity.ed25519, {
			practice: account.practice.id,
			member,
			publicKey: fromBase64url(publicKey),
			presenceKey: fromBase64url(presenceKey),
			certificate,
		}));
	return { ...device, certified };
}

/** One's own extensions, for an admin everybody's, in the order of pairing. Throws `ApiError`. */
export async function fetchDevices(): Promise<readonly Listed[]> {
	const { devices } = await fetchJson(PresenceDevices, { path: '/api/presence/devices' });
	return Promise.all(devices.map(check));
}

/** Cuts an extension off. Throws `ApiError`. */
export async function removeDevice(id: string): Promise<void> {
	await request({ method: 'DELETE', path: `/api/presence/devices/${id}` });
}
