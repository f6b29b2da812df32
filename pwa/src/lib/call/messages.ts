import * as v from 'valibot';
import {
	type Bytes,
	concat,
	fromBase64url,
	fromUtf8,
	toBase64url,
	u32,
	utf8,
} from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { Id, Signed } from '#protocol/text.ts';

/** What members of a call say to each other; always inside an MLS application message (RFC 9420 §15). */
export const CallMessage = v.variant('type', [
	/** A page took part: `instance` is new after each load, so that a stale peer connection is not kept. */
	v.strictObject({ type: v.literal('hello'), instance: Id }),
	/** SDP and ICE candidates of the peer connection `link`, in their order. */
	v.strictObject({
		type: v.literal('signal'),
		link: Id,
		signals: v.pipe(
			v.array(v.pipe(v.string(), v.maxLength(32_768))),
			v.minLength(1),
			v.maxLength(32),
		),
	}),
	/** The connection to the sender is broken on her side: make a new one. */
	v.strictObject({ type: v.literal('again') }),
	/** A consent or a withdrawal, as soon as it is signed. */
	v.strictObject({ type: v.literal('receipt'), receipt: Signed }),
	/** A line of text to one person; `all` when the host says the same to everybody. */
	v.strictObject({
		type: v.literal('chat'),
		id: Id,
		text: v.pipe(v.string(), v.minLength(1), v.maxLength(4000)),
		all: v.optional(v.literal(true)),
	}),
	/** This person's hand is up, or down again. */
	v.strictObject({ type: v.literal('hand'), up: v.boolean() }),
	/** Host: asks this page to mute its microphone. */
	v.strictObject({ type: v.literal('mute') }),
	/** Whether this person wants pictures on this connection, or sound alone. */
	v.strictObject({ type: v.literal('pictures'), wanted: v.boolean() }),
	/** What this person's devices do now. */
	v.strictObject({
		type: v.literal('devices'),
		microphone: v.boolean(),
		camera: v.boolean(),
		screen: v.boolean(),
	}),
	/** The head of the practice's history as the server showed it to this page (docs/history.md). */
	v.strictObject({ type: v.literal('head'), note: v.pipe(v.string(), v.maxLength(2048)) }),
	/** Host: why there is no recorder now, though there was one (RFC 7866 awareness). */
	v.strictObject({ type: v.literal('recording'), is: v.picklist(['paused', 'ended']) }),
]);
export type CallMessage = v.InferOutput<typeof CallMessage>;
const Text = v.pipe(v.string(), v.parseJson(), CallMessage);

export function encodeCallMessage(message: CallMessage): Bytes {
	return utf8(JSON.stringify(v.parse(CallMessage, message)));
}

/** Throws `bad-encoding` for anything that is not a message of a call. */
export function decodeCallMessage(bytes: Uint8Array): CallMessage {
	const parsed = v.safeParse(Text, fromUtf8(bytes));
	if (!parsed.success) throw new CryptoError('bad-encoding');
	return parsed.output;
}

/** A sealed message and the generation whose keys open it: `u32 generation || PrivateMessage`. */
export interface Envelope {
	readonly generation: number;
	readonly sealed: Bytes;
}

export function encodeEnvelope(envelope: Envelope): Bytes {
	return concat(u32(envelope.generation), envelope.sealed);
}

/** Throws `bad-encoding` when it is too short to be one. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
	if (bytes.length <= 4) throw new CryptoError('bad-encoding');
	const generation = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
	return { generation, sealed: new Uint8Array(bytes.subarray(4)) };
}

/** For the relay of the server, which takes text. */
export const envelopeText = (envelope: Envelope): string => toBase64url(encodeEnvelope(envelope));
export const envelopeOf = (text: string): Envelope => decodeEnvelope(fromBase64url(text));
