import * as v from 'valibot';
import { codeClientMessages, codeServerMessages } from './code.ts';
import { ErrorCode } from './errors.ts';
import { limits } from './limits.ts';
import { Arrival } from './presence.ts';
import { Act } from './sessions.ts';
import { Bytes32, Count, Id, Sealed, Time, bytes } from './text.ts';

/** Names one request of a client; the answer or the error repeats it. */
const RequestId = Id;
const Package = bytes(limits.packageChars);
const Welcome = bytes(limits.welcomeChars);
const Body = bytes(limits.relayBodyChars);
const Generation = v.pipe(Count, v.maxValue(2 ** 32 - 1));

/**
 * What a browser may send to GET /api/socket (WebSocket, text messages of JSON).
 *
 * `hello` comes first. A member then sees who waits for her sessions, and takes a seat in a call with
 * `enter`; a participant has the seat of the claim that the token belongs to and takes it with `knock`. A
 * browser extension (scope `presence`) only listens, and is told no more than that somebody waits.
 */
export const ClientMessage = v.variant('type', [
	v.strictObject({ type: v.literal('hello'), token: bytes(64), version: Count }),
	v.strictObject({ type: v.literal('ping') }),
	/** Host: takes a seat in the call of her session. `seat` is made by the client and kept for the life of the page. */
	v.strictObject({ type: v.literal('enter'), id: RequestId, session: Id, seat: Id }),
	/** Participant: waits to be connected. Sent again it replaces this seat's own knock, never another's. Errors: `over-limit` (3 wait at this place), `forbidden` (removed). */
	v.strictObject({
		type: v.literal('knock'),
		id: RequestId,
		/** First key package; it names the participant's key. */
		keyPackage: Package,
		/** Name and receipts, sealed to the host. */
		sealed: Sealed,
		/** HMAC of the link's secret over session, place and key package; null without a secret. */
		proof: v.nullable(Bytes32),
	}),
	/** Leaves the call or the waiting room; the seat is free, and can be taken again. */
	v.strictObject({ type: v.literal('leave'), id: RequestId }),
	/** Puts unused key packages of one's own seat, or of the recorder's seat that belongs to it, on the server. */
	v.strictObject({
		type: v.literal('packages'),
		id: RequestId,
		/** Own seat; or a new id for the recorder that this seat brings along. */
		seat: Id,
		packages: v.pipe(v.array(Package), v.maxLength(limits.packagesPerSeat)),
		/** Drops the older ones of the seat first: for a client that lost its private halves. */
		replace: v.boolean(),
	}),
	/** Takes one unused key package of each seat; every package is given out once. From seats in the call only. */
	v.strictObject({
		type: v.literal('take'),
		id: RequestId,
		seats: v.pipe(v.array(Id), v.minLength(1), v.maxLength(limits.membersMax)),
	}),
	/** Offers epoch `generation`; the first one that is exactly the newest plus 1 wins. From seats in the call, or the host. */
	v.strictObject({
		type: v.literal('epoch'),
		id: RequestId,
		generation: Generation,
		/** The seats of all its members, the maker's included. These are "in the call" from now on. */
		seats: v.pipe(v.array(Id), v.minLength(1), v.maxLength(limits.membersMax)),
		welcome: Welcome,
	}),
	/** This seat holds the keys of `generation` now. */
	v.strictObject({ type: v.literal('applied'), generation: Generation }),
	/** Asks the others to make an epoch that brings this seat back; fresh key packages were put up before. */
	v.strictObject({ type: v.literal('rejoin'), id: RequestId }),
	/** An opaque body for another seat in this session; stored until that seat acknowledges it. Repeating an id is harmless. */
	v.strictObject({
		type: v.literal('relay'),
		id: RequestId,
		to: Id,
		body: Body,
		/** From a page of the host that has no seat in this session: for somebody who waits there. */
		session: v.optional(Id),
	}),
	/** Everything up to `n` was handled. */
	v.strictObject({ type: v.literal('ack'), n: Count }),
	/** Host: this seat is out, for good. */
	v.strictObject({ type: v.literal('remove'), id: RequestId, seat: Id }),
	/**
	 * Something that only the client knows happened, for the history: consented, declined, withdrew; from
	 * the host also recording-paused, -resumed, -ended. What the server saw itself is `forbidden`.
	 */
	v.strictObject({ type: v.literal('act'), id: RequestId, act: Act }),
	...codeClientMessages,
]);
export type ClientMessage = v.InferOutput<typeof ClientMessage>;

/** Why the server closes a socket (RFC 6455 §7.4); with every other code the client comes back by itself. */
export const closeCodes = {
	/** The server ends or starts again: come back with backoff. */
	restart: 1012,
	/** A newer socket took this seat. */
	replaced: 4001,
	/** Too many messages that could not be read, or far too many messages. */
	malformed: 4002,
	/** The host removed this seat. */
	removed: 4003,
	/** No valid `hello` in time, or the device was locked or signed out. */
	token: 4004,
	/** Nothing was heard for `limits.silenceMs`. */
	silent: 4005,
	/** Too much waited to be sent to this socket. */
	slow: 4006,
	/** Client and server speak different versions: load the page again. */
	version: 4007,
} as const;

/** One seat as the others see it. */
export const Seat = v.strictObject({
	seat: Id,
	kind: v.picklist(['host', 'participant', 'recorder']),
	place: v.nullable(Id),
	/** Whether a socket stands behind it now. */
	present: v.boolean(),
	/** waiting: knocked and not in any epoch yet. in-call: in the newest epoch. gone: left or removed. */
	state: v.picklist(['waiting', 'in-call', 'gone']),
	since: Time,
	/** What the knock said; for the host only, null for everybody else. */
	knock: v.nullable(
		v.strictObject({ keyPackage: Package, sealed: Sealed, proof: v.nullable(Bytes32) }),
	),
});
export type Seat = v.InferOutput<typeof Seat>;

const Epoch = v.strictObject({
	generation: Generation,
	from: Id,
	seats: v.array(Id),
	welcome: Welcome,
});

/** What the server may send. */
export const ServerMessage = v.variant('type', [
	v.strictObject({ type: v.literal('ready'), now: Time }),
	v.strictObject({ type: v.literal('pong') }),
	v.strictObject({ type: v.literal('ping') }),
	/** The request `id` was carried out and, where it wrote something, is on disk. */
	v.strictObject({ type: v.literal('done'), id: RequestId }),
	v.strictObject({
		type: v.literal('error'),
		id: v.nullable(RequestId),
		error: ErrorCode,
		/** `generation-taken`: the newest generation. */
		generation: v.optional(Generation),
	}),
	/** After the `done` of `enter` and of `knock`: everything as it stands. Both are sent again after a reconnect. */
	v.strictObject({
		type: v.literal('room'),
		session: Id,
		seat: Id,
		seats: v.array(Seat),
		generation: Generation,
		/** The newest epoch, when there is one and this seat is in it. */
		epoch: v.nullable(Epoch),
		/** Unused key packages of this seat. */
		packages: Count,
	}),
	/** A seat is new or changed. Members get it for all their sessions, in a call or not. */
	v.strictObject({ type: v.literal('seat'), session: Id, seat: Seat }),
	/** To members after `hello`, in pages until `more` is false: everybody who waits or is in a call of theirs. */
	v.strictObject({
		type: v.literal('waiting'),
		sessions: v.array(v.strictObject({ session: Id, seats: v.array(Seat) })),
		more: v.boolean(),
	}),
	/** A new epoch was accepted. To all seats in the room; `welcome` only helps the seats in it. */
	v.strictObject({ type: v.literal('epoch'), ...Epoch.entries }),
	v.strictObject({ type: v.literal('applied'), seat: Id, generation: Generation }),
	v.strictObject({ type: v.literal('rejoin'), seat: Id }),
	v.strictObject({
		type: v.literal('taken'),
		id: RequestId,
		packages: v.array(v.strictObject({ seat: Id, keyPackage: Package })),
		missing: v.array(Id),
	}),
	/** `n` counts up per receiving seat; a message is sent again after a reconnect until it is acknowledged. */
	v.strictObject({ type: v.literal('relay'), n: Count, from: Id, body: Body }),
	/** This seat has few unused key packages left: put up more. */
	v.strictObject({ type: v.literal('low'), seat: Id, left: Count }),
	v.strictObject({ type: v.literal('removed') }),
	v.strictObject({ type: v.literal('ended'), session: Id }),
	/** To members, after `ready` and whenever it happens: "Not now" was said to these arrivals on some device. */
	v.strictObject({ type: v.literal('dismissed'), arrivals: v.array(Arrival) }),
	/** The practice's data changed elsewhere: read again what is shown. */
	v.strictObject({
		type: v.literal('changed'),
		what: v.picklist(['sessions', 'recordings', 'members', 'post']),
	}),
	...codeServerMessages,
]);
export type ServerMessage = v.InferOutput<typeof ServerMessage>;
export type RoomMessage = Extract<ServerMessage, { type: 'room' }>;
