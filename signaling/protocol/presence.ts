import * as v from 'valibot';
import { Bytes32, Count, Id, Sealed, Signature, Time, line } from './text.ts';

/** Extensions that one member may pair. */
export const presenceDevicesMax = 16;

/**
 * POST /api/presence/devices (clinical) → PresenceDeviceMade, 201. A browser extension that may hear who waits
 * for this member, and nothing else: its tokens have the scope `presence`. Sent again it is the same device.
 * Errors: `over-limit`, `forbidden` (the certificate is not of the member's identity), `conflict`.
 */
export const NewPresenceDevice = v.strictObject({
	/** Ed25519: signs the server's nonces. */
	publicKey: Bytes32,
	/** X25519: names are sealed to it. */
	presenceKey: Bytes32,
	name: line(80),
	/** Of the member's identity over `presenceDeviceText`, in context `sotto/presence-device/v1`. */
	certificate: Signature,
});
export type NewPresenceDevice = v.InferOutput<typeof NewPresenceDevice>;
export const PresenceDeviceMade = v.strictObject({ device: Id });

/** A row of GET /api/presence/devices: one's own; an admin sees everybody's. */
export const PresenceDevice = v.strictObject({
	id: Id,
	member: Id,
	...NewPresenceDevice.entries,
	createdAt: Time,
	/** When it was last connected; null while it is connected now, `createdAt` when it never was. */
	seenAt: v.nullable(Time),
});
export type PresenceDevice = v.InferOutput<typeof PresenceDevice>;
export const PresenceDevices = v.strictObject({ devices: v.array(PresenceDevice) });

/**
 * DELETE /api/presence/devices/:id (its member, an admin, or it itself) → 204. Its tokens and sockets end at once; it is
 * told `not-found` when it asks for another token.
 */

/** What a certificate says: only this member's identity vouches for these keys, at this practice. */
export function presenceDeviceText(device: {
	practice: string;
	member: string;
	publicKey: string;
	presenceKey: string;
}): string {
	return `${device.practice}\n${device.member}\n${device.publicKey}\n${device.presenceKey}`;
}

/** Names of one session for one device, sealed: crypto/presence writes and opens it. */
const Names = v.strictObject({ device: Id, session: Id, sealed: Sealed });

/**
 * PUT /api/presence/names (the host) → 204. Replaces what the devices had for these sessions. Sessions that
 * ended or are another's, and devices of other members, are passed over.
 */
export const PresenceNames = v.strictObject({
	names: v.pipe(v.array(Names), v.maxLength(500)),
});

/** One visit of somebody to a waiting room. Whoever was away for more than a minute has arrived twice. */
export const Arrival = v.strictObject({ session: Id, seat: Id, since: Time });
export type Arrival = v.InferOutput<typeof Arrival>;

/** A session as the extension sees it: no name that is not sealed. */
export const PresenceSession = v.strictObject({
	id: Id,
	startsAt: Time,
	minutes: Count,
	/** Whether it is to be recorded. */
	recorded: v.boolean(),
	ended: v.boolean(),
	/** For the asking device; null where its host has not sealed them yet. */
	names: v.nullable(Sealed),
});
export type PresenceSession = v.InferOutput<typeof PresenceSession>;

/** A recording that is being made or was not finished. */
export const PresenceRecording = v.strictObject({
	id: Id,
	session: v.nullable(Id),
	/** Whether its recorder is connected right now. */
	recording: v.boolean(),
	startedAt: Time,
	lastSeenAt: Time,
	bytes: Count,
});
export type PresenceRecording = v.InferOutput<typeof PresenceRecording>;

/**
 * GET /api/presence/day?from=&to= (scope `presence`): the member's own sessions that begin between the two times, and
 * less than 48 hours from now.
 */
export const PresenceDay = v.strictObject({
	now: Time,
	sessions: v.array(PresenceSession),
	recordings: v.array(PresenceRecording),
	/** Arrivals to which somebody said "Not now" on any device, while they wait. */
	dismissed: v.array(Arrival),
});
export type PresenceDay = v.InferOutput<typeof PresenceDay>;

/**
 * POST /api/presence/dismissed (scope `presence` or clinical) → 204: "Not now". All devices of the member hear
 * `dismissed` on their sockets; nothing is said to whoever waits.
 */
export const Dismissal = v.strictObject({
	arrivals: v.pipe(v.array(Arrival), v.minLength(1), v.maxLength(64)),
});
