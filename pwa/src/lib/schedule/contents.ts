import * as v from 'valibot';
import { toBase64url } from '#crypto/bytes.ts';
import { type LinkSecret, toLinkSecret } from '#crypto/proof/proof.ts';
import { Id, bytesText, parseJson } from '#crypto/schema.ts';
import { PlannedFacts } from '#lib/retention/facts.ts';

/** How long texts may be; sealed twice they stay below `limits.sealedChars` in any script. */
export const textMax = { name: 120, title: 120, note: 800, contact: 254 } as const;

/** A weekly series that a session belongs to. */
export interface Series {
	readonly id: string;
	/** Whose clock it keeps to. */
	readonly zone: string;
	/** Its place in the series, from 1. */
	readonly number: number;
	readonly count: number;
}

/** What a session says beside its time; only who may open it reads it. */
export interface SessionText {
	readonly title?: string | undefined;
	readonly note?: string | undefined;
	readonly series?: Series | undefined;
	/** What the date in its notice was computed from. */
	readonly kept?: PlannedFacts | undefined;
}

/** What is known of an invited person. */
export interface Person {
	readonly name: string;
	readonly email?: string | undefined;
	readonly mobile?: string | undefined;
	/** IANA name. */
	readonly timeZone?: string | undefined;
	/** Where she is: "WA". */
	readonly state?: string | undefined;
	readonly language?: string | undefined;
	/** Id of the account that she signs in with. */
	readonly account?: string | undefined;
}

/** A person and what her private link proves. */
export interface PlaceText extends Person {
	readonly secret: LinkSecret;
}

const line = (chars: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(chars));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const SessionShape = v.strictObject({
	v: v.literal(2),
	title: v.optional(line(textMax.title)),
	note: v.optional(line(textMax.note)),
	series: v.optional(v.strictObject({ id: Id, zone: line(64), number: count, count })),
	kept: v.optional(PlannedFacts),
});

const PlaceShape = v.strictObject({
	v: v.literal(2),
	name: line(textMax.name),
	secret: bytesText(16),
	email: v.optional(line(textMax.contact)),
	mobile: v.optional(line(32)),
	timeZone: v.optional(line(64)),
	state: v.optional(line(2)),
	language: v.optional(line(35)),
	account: v.optional(Id),
});

/** Before titles, notes and contacts: sealed under the account key of the host alone. */
const FirstSession = v.strictObject({ v: v.literal(1) });
const FirstPlace = v.strictObject({
	v: v.literal(1),
	name: line(textMax.name),
	secret: bytesText(16),
});

/** The text of a session's contents; what is empty is left out. */
export function encodeSession({ title, note, series, kept }: SessionText): string {
	return JSON.stringify({ v: 2, title: title || undefined, note: note || undefined, series, kept });
}

/** Throws `bad-encoding`. */
export function decodeSession(text: string): SessionText {
	const { v: _, ...contents } = parseJson(v.union([SessionShape, FirstSession]), text);
	return contents;
}

/** The text of a place's contents. */
export function encodePlace({ name, secret, ...rest }: PlaceText): string {
	const { email, mobile, timeZone, state, language, account } = rest;
	return JSON.stringify({
		v: 2,
		name,
		secret: toBase64url(secret),
		email: email || undefined,
		mobile: mobile || undefined,
		timeZone: timeZone || undefined,
		state: state || undefined,
		language: language || undefined,
		account: account || undefined,
	});
}

/** Throws `bad-encoding`. */
export function decodePlace(text: string): PlaceText {
	const { v: _, secret, ...person } = parseJson(v.union([PlaceShape, FirstPlace]), text);
	return { ...person, secret: toLinkSecret(secret) };
}
